package grainrt_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/teff-dev/teff/grain"
	"github.com/teff-dev/teff/grain/grainrt"
	"github.com/teff-dev/teff/internal/seam"
)

// callerFunc is a grain.Caller.
type callerFunc func(m *seam.Method, key string, req proto.Message) (proto.Message, error)

func (f callerFunc) Invoke(_ context.Context, m *seam.Method, key string, req proto.Message) (proto.Message, error) {
	return f(m, key, req)
}

func TestARefPassesCallsOn(t *testing.T) {
	table := counterTable(t)
	var got string
	caller := callerFunc(func(m *seam.Method, key string, req proto.Message) (proto.Message, error) {
		got = m.String() + "/" + key
		return req, nil
	})
	ref := grainrt.NewRef(caller, table.service, "k")
	if ref.GrainID() != (grain.ID{Type: "test.v1.Counter", Key: "k"}) {
		t.Errorf("the ref's id is %v", ref.GrainID())
	}
	resp, err := grainrt.Invoke(t.Context(), ref, table.add, wrapperspb.Int64(4))
	if err != nil || resp.GetValue() != 4 || got != "test.v1.Counter.Add/k" {
		t.Errorf("got %v, %v from %q", resp, err, got)
	}
	if err := grainrt.Send(t.Context(), ref, table.note, wrapperspb.Int64(4)); err != nil || got != "test.v1.Counter.Note/k" {
		t.Errorf("sent to %q: %v", got, err)
	}
}

func TestARefReturnsTheCallersError(t *testing.T) {
	table := counterTable(t)
	gone := grain.Errorf(grain.CodeUnavailable, "gone")
	ref := grainrt.NewRef(callerFunc(func(*seam.Method, string, proto.Message) (proto.Message, error) { return nil, gone }), table.service, "k")
	if resp, err := grainrt.Invoke(t.Context(), ref, table.add, nil); resp != nil || !errors.Is(err, gone) {
		t.Errorf("Invoke returns %v, %v", resp, err)
	}
	if err := grainrt.Send(t.Context(), ref, table.note, nil); !errors.Is(err, gone) {
		t.Errorf("Send returns %v", err)
	}
}

func TestARefWithoutACallerSaysWhatToGiveIt(t *testing.T) {
	table := counterTable(t)
	ref := grainrt.NewRef(nil, table.service, "k")
	_, err := grainrt.Invoke(t.Context(), ref, table.get, nil)
	for _, err := range []error{err, grainrt.Send(t.Context(), ref, table.note, nil)} {
		if !errors.Is(err, grain.CodeFailedPrecondition) || !strings.Contains(err.Error(), "test.v1.Counter/k") || !strings.Contains(err.Error(), "activation") {
			t.Errorf("got %v", err)
		}
	}
}

func TestAnAnswerOfAnotherTypeIsInternal(t *testing.T) {
	table := counterTable(t)
	for _, answer := range []proto.Message{nil, wrapperspb.String("x")} {
		ref := grainrt.NewRef(callerFunc(func(*seam.Method, string, proto.Message) (proto.Message, error) { return answer, nil }), table.service, "k")
		if _, err := grainrt.Invoke(t.Context(), ref, table.add, wrapperspb.Int64(1)); !errors.Is(err, grain.CodeInternal) || !strings.Contains(err.Error(), "Add of test.v1.Counter/k") {
			t.Errorf("an answer that is a %T is %v", answer, err)
		}
	}
}
