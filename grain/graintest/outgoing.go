package graintest

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/teff-dev/teff/grain"
	"github.com/teff-dev/teff/internal/outcome"
	"github.com/teff-dev/teff/internal/seam"
)

// A Call is one that the code under test has made.
type Call struct {
	ID      grain.ID
	Method  string
	Request proto.Message // a copy of what was sent
}

// outgoing answers calls with what the test has canned, and records them. It is safe
// for concurrent use.
type outgoing struct {
	tb       testing.TB
	receiver string // the variable that the sentences name

	mu     sync.Mutex
	canned map[target]func(proto.Message) (proto.Message, error)
	calls  []Call
}

type target struct {
	id     grain.ID
	method string
}

func newOutgoing(tb testing.TB, receiver string) *outgoing {
	return &outgoing{tb: tb, receiver: receiver, canned: make(map[target]func(proto.Message) (proto.Message, error))}
}

// Reply answers every call of the method with a copy of reply, from now on. The id is
// in text form, TYPE/KEY; what was canned for it before is replaced.
func (o *outgoing) Reply(id, method string, reply proto.Message) {
	o.tb.Helper()
	reply = cloneOf(reply)
	o.Answer(id, method, func(proto.Message) (proto.Message, error) { return reply, nil })
}

// Fail ends every call of the method with err, from now on. The caller sees its code,
// its message and its details, as it would from afar.
func (o *outgoing) Fail(id, method string, err error) {
	o.tb.Helper()
	o.Answer(id, method, func(proto.Message) (proto.Message, error) { return nil, err })
}

// Answer answers every call of the method with what f makes of a copy of the request,
// from now on. The branches of a Group may call f at the same time.
func (o *outgoing) Answer(id, method string, f func(req proto.Message) (proto.Message, error)) {
	o.tb.Helper()
	to, err := grain.ParseID(id)
	if err != nil {
		o.tb.Fatalf("graintest: %v", err)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.canned[target{to, method}] = f
}

// Calls returns the calls made so far, in the order they were made in. Calls that were
// refused before they were sent are not among them.
func (o *outgoing) Calls() []Call {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.calls)
}

// invoke makes a call of from's.
func (o *outgoing) invoke(ctx context.Context, from string, m *seam.Method, key string, req proto.Message) (proto.Message, error) {
	to := grain.ID{Type: m.Service.Type, Key: key}
	if err := refuse(ctx, to, m, req); err != nil {
		return nil, err
	}
	answer, ok := o.record(to, m, req)
	if !ok && m.OneWay {
		return nil, nil // nobody waits for it, so nothing needs to be canned
	}
	if !ok {
		line := fmt.Sprintf("%s.Reply(%q, %q, %s)", o.receiver, to, m.Name, literal(m))
		o.tb.Errorf("graintest: %s calls %s of %s, and nothing is canned for that: add\n\t%s", from, m.Name, to, line)
		return nil, grain.Errorf(grain.CodeUnimplemented, "%s of %s has no canned reply: add %s", m.Name, to, line)
	}
	reply, err := answer(proto.Clone(req))
	if err != nil {
		return nil, flatten(err, m.String()+" of "+to.String())
	}
	if m.OneWay {
		return nil, nil
	}
	return o.check(to, m, reply)
}

// refuse says why a call is not even sent.
func refuse(ctx context.Context, to grain.ID, m *seam.Method, req proto.Message) error {
	if err := to.Validate(); err != nil {
		return err
	}
	if req == nil || !req.ProtoReflect().IsValid() {
		return outcome.Refused(grain.CodeInvalidArgument, "%s was called with a nil request", m)
	}
	if err := ctx.Err(); err != nil {
		return outcome.ContextEnded(err, m, false)
	}
	return nil
}

func (o *outgoing) record(to grain.ID, m *seam.Method, req proto.Message) (answer func(proto.Message) (proto.Message, error), ok bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.calls = append(o.calls, Call{ID: to, Method: m.Name, Request: proto.Clone(req)})
	answer, ok = o.canned[target{to, m.Name}]
	return answer, ok
}

// check refuses a reply that the method cannot give, which is the test's mistake.
func (o *outgoing) check(to grain.ID, m *seam.Method, reply proto.Message) (proto.Message, error) {
	if reply == nil || !reply.ProtoReflect().IsValid() {
		return nil, grain.Errorf(grain.CodeInternal, "%s of %s returned neither a reply nor an error", m.Name, to)
	}
	if want := m.NewReply(); reply.ProtoReflect().Descriptor() != want.ProtoReflect().Descriptor() {
		o.tb.Errorf("graintest: the canned reply of %s of %s is a %T, and the method's is a %T", m.Name, to, reply, want)
		return nil, grain.Errorf(grain.CodeInternal, "%s of %s was answered with a %T, not a %T", m.Name, to, reply, want)
	}
	return proto.Clone(reply), nil
}

// literal is how Go writes a reply of the method.
func literal(m *seam.Method) string {
	return fmt.Sprintf("&%s{}", fmt.Sprintf("%T", m.NewReply())[1:])
}
