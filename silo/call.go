package silo

import (
	"context"
	"reflect"
	"sync"
	"sync/atomic"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/runtime/protoiface"

	"github.com/teff-dev/teff/grain"
	"github.com/teff-dev/teff/internal/outcome"
	"github.com/teff-dev/teff/internal/seam"
	"github.com/teff-dev/teff/internal/turn"
)

// progress is how far a call has come. It only grows.
type progress int32

const (
	callQueued  progress = iota // zero, so that a new call is queued
	callRunning                 // a worker has begun its turn
	callDropped                 // it will never run
)

// A call is one turn to come: a method's, a hook's, or a function's given to Go. It is
// its own turn's context.
type call struct {
	turn.Turn

	method *seam.Method // nil: run is what it does
	req    proto.Message
	run    func(ctx context.Context) error

	remote *remote       // where the request came from, if over NATS
	ready  chan struct{} // of one; signals an in-process caller; nil: nobody waits

	progress atomic.Int32 // a progress
	answered atomic.Bool  // somebody has taken it upon them to answer
	inline   bool         // its caller may run it; see workers.here
	moved    bool         // it never ran here and is to be sent elsewhere; as err

	// The answer, for an in-process caller. Written by who set answered, before ready.
	resp proto.Message
	err  *grain.Error

	next *call // in the mailbox
}

// copyOf is proto.Clone, which is much of what a local call costs, without what that does
// by reflection to find out what fresh knows: how to make a message of m's type.
func copyOf(m proto.Message, fresh func() proto.Message) proto.Message {
	to := fresh()
	if reflect.TypeOf(to) != reflect.TypeOf(m) { // of another generated copy of the same proto
		return proto.Clone(m)
	}
	in := protoiface.MergeInput{Source: m.ProtoReflect(), Destination: to.ProtoReflect()}
	methods := in.Destination.ProtoMethods()
	if methods == nil || methods.Merge == nil || methods.Merge(in).Flags&protoiface.MergeComplete == 0 {
		return proto.Clone(m)
	}
	return to
}

// begin claims the call for its turn. It is false when the caller has given up.
func (c *call) begin() bool {
	return c.progress.CompareAndSwap(int32(callQueued), int32(callRunning))
}

// drop claims the call so that it never runs. It is false when its turn has begun.
func (c *call) drop() bool {
	return c.progress.CompareAndSwap(int32(callQueued), int32(callDropped))
}

// readies are the signals of in-process callers. One is given back empty, by the caller.
var readies = sync.Pool{New: func() any { return make(chan struct{}, 1) }} //nolint:gochecknoglobals // a pool is shared or it is none

// finish answers the call, once.
func (c *call) finish(s *Silo, resp proto.Message, err *grain.Error) {
	if !c.answered.CompareAndSwap(false, true) {
		return
	}
	switch {
	case c.remote != nil:
		s.reply(c, resp, err)
	case c.ready != nil:
		c.resp, c.err = resp, err
		c.ready <- struct{}{}
	case err != nil:
		s.unheard(c, err)
	}
}

// expire ends a call whose deadline has passed, whether it waits or runs.
func (c *call) expire(a *activation) {
	c.Cancel(context.DeadlineExceeded)
	if c.method == nil {
		return // hooks and functions have their own manners
	}
	c.finish(a.of.silo, nil, c.late(a))
}

// late is the error of a call whose deadline has passed. Its words are those of a method
// that returns its context's error: which of the two comes first is chance.
func (c *call) late(a *activation) *grain.Error {
	if c.drop() || c.progress.Load() == int32(callDropped) {
		return outcome.Refused(grain.CodeDeadlineExceeded, "%s of %s did not begin before its deadline", c.method, a.id())
	}
	return grain.Errorf(grain.CodeDeadlineExceeded, "%s of %s ran into its deadline; it may have had its effect", c.method, a.id())
}
