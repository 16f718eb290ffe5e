package silo

import (
	"context"
	"errors"
	"log/slog"
	"runtime/debug"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"

	"github.com/teff-dev/teff/grain"
	"github.com/teff-dev/teff/internal/core/membership"
	"github.com/teff-dev/teff/internal/outcome"
	"github.com/teff-dev/teff/internal/rig"
	"github.com/teff-dev/teff/internal/seam"
)

// turn runs one call, at now on the silo's clock.
func (a *activation) turn(c *call, now int64) {
	s := a.of.silo
	if c.lateAt(s.at(now)) {
		c.expire(a)
	}
	if c.method != nil && !a.passes(rig.Turn, membership.Time(now)) {
		a.turnAway(c) // the lease has run out, or the shard has gone, while it waited
		return
	}
	if !c.begin() {
		return
	}
	c.Own(a)
	if c.remote != nil {
		var err error
		if c.req, err = c.remote.decode(c.method); err != nil {
			c.End()
			c.finish(s, nil, outcome.NotExecuted(err))
			return
		}
	}
	resp, err := a.runCall(c)
	if c.method == nil {
		if err != nil {
			a.Logger().Warn("a function given to Go failed", slog.Any("error", err))
		}
		return
	}
	a.of.turns.Add(1)
	if !a.passesSoon(rig.Reply, c.answered.Load) {
		// What was read may be stale by now, and what was to be done is somebody else's.
		err = grain.Errorf(grain.CodeMaybeExecuted, "the silo of %s %s before %s could be answered", a.id(), a.shutOut(), c.method)
	}
	if err != nil {
		a.of.errors.Add(1)
		c.finish(s, nil, s.flatten(err, c.method.String()+" of "+a.id().String()))
		return
	}
	c.finish(s, resp, nil)
}

// shutOut says why a gate is closed.
func (a *activation) shutOut() string {
	if a.tenure.holds() {
		return "lost touch with the cluster"
	}
	return "had to give the grain away"
}

// runCall runs the method and makes its answer ready to leave: a copy or, for a caller
// elsewhere, the bytes, since the next turn may change what the answer shares with the
// state.
func (a *activation) runCall(c *call) (resp proto.Message, err error) {
	defer func() {
		if r := recover(); r != nil {
			resp, err = nil, a.panicked(c.what(), r)
		}
		if r := c.End(); r != nil {
			resp, err = nil, a.panicked(c.what(), r)
		}
	}()
	if c.method == nil {
		return nil, c.run(&c.Turn)
	}
	resp, err = c.method.Call(a.grain, &c.Turn, c.req)
	switch {
	case err != nil:
		return nil, err
	case c.method.OneWay:
		return nil, nil
	case resp == nil:
		return nil, grain.Errorf(grain.CodeInternal, "%s returned neither a response nor an error", c.method)
	case c.remote != nil:
		return nil, c.remote.encode(resp)
	case c.method.Immutable:
		return resp, nil
	default:
		return copyOf(resp, c.method.NewReply), nil
	}
}

// what names the call in logs.
func (c *call) what() string {
	if c.method == nil {
		return "a function given to Go"
	}
	return c.method.String()
}

// lateAt says that the deadline has passed and nobody has told the caller yet.
func (c *call) lateAt(now time.Time) bool {
	deadline, _ := c.Deadline()
	return !deadline.IsZero() && now.After(deadline) && !c.answered.Load() && c.method != nil
}

// sift takes what shall not run out of the mailbox: calls that were given up, and those
// that are late, which it links in front of late.
func (m *mailbox) sift(now time.Time, late *call) *call {
	c := m.take()
	for c != nil {
		next := c.next
		c.next = nil
		switch {
		case c.progress.Load() == int32(callDropped):
		case c.lateAt(now):
			c.next, late = late, c
		default:
			m.push(c)
		}
		c = next
	}
	return late
}

// panicked reports a panic and ends the activation: what the grain holds in memory may
// be half of a change.
func (a *activation) panicked(what string, r any) error {
	s := a.of.silo
	s.panics.Add(1)
	a.Logger().Error("panic in "+what, slog.Any("panic", r), slog.String("stack", string(debug.Stack())))
	a.endSoon(grain.DeactivatedAfterFault)
	return grain.Errorf(grain.CodeInternal, "%s of %s panicked; its stack is in the silo's log", what, a.id())
}

// flatten makes of an error what may leave a turn: a code, a sentence and details. The
// text of an error without a code stays here: nobody chose it for strangers to read.
// The not-executed mark stays too: the method that passes the error on did begin.
func (s *Silo) flatten(err error, what string) (flat *grain.Error) {
	defer func() {
		// A nil pointer in an error's clothes, most often. It is one grain's mistake, and
		// nothing for the process to end by.
		if r := recover(); r != nil {
			s.log.Error("an error that panics when it is read", slog.String("in", what), slog.Any("panic", r))
			flat = grain.Errorf(grain.CodeInternal, "%s returned an error that cannot be read: is it a nil pointer? (return nil, not a nil *grain.Error)", what)
		}
	}()
	var coded *grain.Error
	var bare grain.Code
	switch {
	case errors.As(err, &coded):
		f := grain.FaultOf(coded)
		if err != error(coded) { //nolint:errorlint // somebody wrapped it, to say more
			f.Message = err.Error()
		}
		return leaves(grain.Code(f.Code), f.Message, f.Details)
	case errors.As(err, &bare):
		return leaves(bare, err.Error(), nil)
	case errors.Is(err, context.DeadlineExceeded):
		return grain.Errorf(grain.CodeDeadlineExceeded, "%s ran into its deadline; it may have had its effect", what)
	case errors.Is(err, context.Canceled):
		return grain.Errorf(grain.CodeCancelled, "%s was cancelled; it may have had its effect", what)
	default:
		s.log.Error("an error without a code", slog.String("in", what), slog.Any("error", err))
		return grain.Errorf(grain.CodeUnknown, "%s failed with an error without a code; its text is in the silo's log", what)
	}
}

// leaves makes an error of what the wire would leave of it, also where no wire is.
func leaves(code grain.Code, message string, details []*anypb.Any) *grain.Error {
	code, _ = grain.ParseCode(code.String())
	message = strings.ToValidUTF8(message, "\uFFFD")
	if message == "" {
		message = code.String()
	}
	return grain.MakeError(seam.Fault{Code: int(code), Message: message, Details: details})
}
