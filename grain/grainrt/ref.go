package grainrt

import (
	"context"

	"google.golang.org/protobuf/proto"

	"github.com/teff-dev/teff/grain"
)

// Ref is a grain seen by a caller. Refs of generated code hold one.
type Ref struct {
	caller grain.Caller
	id     grain.ID
}

// NewRef refers to the grain of type s with that key. A key that is none, or a nil
// caller, is told by the first call.
func NewRef(caller grain.Caller, s *Service, key string) Ref {
	return Ref{caller, grain.ID{Type: s.Type, Key: key}}
}

// GrainID names the grain.
func (r Ref) GrainID() grain.ID { return r.id }

// Invoke calls the method and waits for its answer.
func Invoke[Req, Resp proto.Message](ctx context.Context, r Ref, m Method[Req, Resp], req Req) (Resp, error) {
	var none Resp
	if r.caller == nil {
		return none, errNoCaller(r)
	}
	answer, err := r.caller.Invoke(ctx, m.m, r.id.Key, req)
	if err != nil {
		return none, err
	}
	resp, ok := answer.(Resp)
	if !ok {
		return none, grain.Errorf(grain.CodeInternal, "%s of %s was answered with a %T, not a %T", m.m.Name, r.id, answer, none)
	}
	return resp, nil
}

// Send calls the method and returns when the call was sent.
func Send[Req proto.Message](ctx context.Context, r Ref, m OneWay[Req], req Req) error {
	if r.caller == nil {
		return errNoCaller(r)
	}
	_, err := r.caller.Invoke(ctx, m.m, r.id.Key, req)
	return err
}

func errNoCaller(r Ref) error {
	return grain.Errorf(grain.CodeFailedPrecondition, "the ref of %s was made without a caller: give it a client, a silo or, inside a grain, the grain's activation", r.id)
}
