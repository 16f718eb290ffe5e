package codegen_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/teff-dev/teff/codegen/testdata/oneway"
	"github.com/teff-dev/teff/codegen/testdata/oneway/onewayteff"
	"github.com/teff-dev/teff/codegen/testdata/pair"
	"github.com/teff-dev/teff/codegen/testdata/pair/pairteff"
	"github.com/teff-dev/teff/codegen/testdata/same"
	"github.com/teff-dev/teff/codegen/testdata/settings/settingsteff"
	"github.com/teff-dev/teff/grain"
)

// left is a grain as a user writes it: Pull is left to the base.
type left struct {
	pairteff.UnimplementedLeft
	pushes int64
}

func newLeft(*grain.Activation) (*left, error) { return &left{}, nil }

func (g *left) Push(_ context.Context, req *pair.PushRequest) (*pair.PushResponse, error) {
	if req.GetBy() == 0 {
		return nil, grain.Errorf(grain.CodeInvalidArgument, "pushed by nothing")
	}
	g.pushes += req.GetBy()
	return &pair.PushResponse{Pushes: g.pushes}, nil
}

// hostOf hosts one grain of the kind.
func hostOf(t *testing.T, kind grain.Kind) *host {
	t.Helper()
	spec := grain.SpecOf(kind)
	if spec.Err != nil {
		t.Fatal(spec.Err)
	}
	made, err := spec.New(&grain.Activation{})
	if err != nil {
		t.Fatal(err)
	}
	return &host{kind: spec, grain: made}
}

func TestGrainOfConcreteType(t *testing.T) {
	h := hostOf(t, pairteff.LeftKind(newLeft, grain.Mailbox(3)))
	if h.kind.Mailbox != 3 {
		t.Errorf("the option for the kind did not arrive: mailbox %d", h.kind.Mailbox)
	}
	ref := pairteff.LeftOf(h, "key")
	for want := int64(2); want <= 4; want += 2 {
		resp, err := ref.Push(t.Context(), &pair.PushRequest{By: 2})
		if err != nil || resp.GetPushes() != want {
			t.Errorf("pushed to %v, %v; want %d", resp, err, want)
		}
	}
	if resp, err := ref.Push(t.Context(), &pair.PushRequest{}); resp != nil || !errors.Is(err, grain.CodeInvalidArgument) {
		t.Errorf("a push by nothing gave %v, %v", resp, err)
	}
	if resp, err := ref.Pull(t.Context(), &pair.PushRequest{}); resp != nil || !errors.Is(err, grain.CodeUnimplemented) {
		t.Errorf("what the grain does not have gave %v, %v", resp, err)
	}
}

// bell counts, which is all that can be seen of one-way calls.
type bell struct {
	onewayteff.UnimplementedBell
	rung int
}

func (b *bell) Ring(context.Context, *oneway.RingRequest) error {
	b.rung++
	return nil
}

func TestOneWayGrain(t *testing.T) {
	b := &bell{}
	h := hostOf(t, onewayteff.BellKind(func(*grain.Activation) (*bell, error) { return b, nil }))
	ref := onewayteff.BellOf(h, "key")
	if err := ref.Ring(t.Context(), &oneway.RingRequest{}); err != nil || b.rung != 1 {
		t.Errorf("rung %d times, %v", b.rung, err)
	}
}

// shelfKind is made while the package is initialised, after the package of the
// messages was.
var shelfKind = same.ShelfKind(func(*grain.Activation) (same.UnimplementedShelf, error) { return same.UnimplementedShelf{}, nil })

func TestKindAsPackageVariable(t *testing.T) {
	_, err := same.ShelfOf(hostOf(t, shelfKind), "key").Put(t.Context(), &same.PutRequest{})
	if !errors.Is(err, grain.CodeUnimplemented) {
		t.Errorf("got %v", err)
	}
}

// TestSettings holds what the proto's options say against what a silo gets to know.
func TestSettings(t *testing.T) {
	spec := grain.SpecOf(settingsteff.TunedKind(func(*grain.Activation) (settingsteff.Tuned, error) {
		return settingsteff.UnimplementedTuned{}, nil
	}))
	if spec.IdleAfter != 90*time.Second || spec.Mailbox != 7 {
		t.Errorf("idle after %s, mailbox %d", spec.IdleAfter, spec.Mailbox)
	}
	type said struct {
		readOnly, retryable, immutable bool
		timeout                        time.Duration
	}
	for name, want := range map[string]said{
		"Read": {true, true, true, 1500 * time.Microsecond},
		"Set":  {retryable: true},
		"Add":  {},
	} {
		m := spec.Service.Methods[name]
		if got := (said{m.ReadOnly, m.Retryable, m.Immutable, m.Timeout}); got != want {
			t.Errorf("%s: %+v, want %+v", name, got, want)
		}
	}
}
