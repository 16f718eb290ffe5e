package main

import (
	"errors"
	"testing"

	"github.com/teff-dev/teff/grain"
	"github.com/teff-dev/teff/grain/graintest"
	hellov1 "github.com/teff-dev/teff/samples/hello/hello/v1"
	"github.com/teff-dev/teff/samples/hello/hello/v1/hellov1teff"
)

func newHarness(t *testing.T, opts ...graintest.Option) *graintest.Harness[*greeter] {
	t.Helper()
	opts = append(opts, graintest.WithKind(hellov1teff.GreeterKind(newGreeter)))
	return graintest.New(t, newGreeter, "front-desk", opts...)
}

func TestGreeterGreetsAndCounts(t *testing.T) {
	h := newHarness(t, graintest.WithState(&hellov1.GreeterState{Greetings: 41}))
	for i, name := range []string{"Ada", "Grace"} {
		resp, err := h.Grain.SayHello(h.Turn(), &hellov1.SayHelloRequest{Name: name})
		if err != nil {
			t.Fatal(err)
		}
		if want := "Hello, " + name + "!"; resp.GetGreeting() != want || resp.GetTimes() != int64(42+i) {
			t.Errorf("got %v, want %q and %d", resp, want, 42+i)
		}
	}
}

func TestGreeterRefusesNobody(t *testing.T) {
	h := newHarness(t)
	if _, err := h.Grain.SayHello(h.Turn(), &hellov1.SayHelloRequest{}); !errors.Is(err, grain.CodeInvalidArgument) {
		t.Errorf("got %v, want %v", err, grain.CodeInvalidArgument)
	}
	if h.Commits() != 0 {
		t.Errorf("%d commits for a greeting that was refused", h.Commits())
	}
}

func TestGreeterDoesNotGreetUnheard(t *testing.T) {
	h := newHarness(t)
	h.FailCommit(grain.Errorf(grain.CodeUnavailable, "the store is down"))
	if resp, err := h.Grain.SayHello(h.Turn(), &hellov1.SayHelloRequest{Name: "Ada"}); !errors.Is(err, grain.CodeUnavailable) {
		t.Errorf("got %v, %v, want %v", resp, err, grain.CodeUnavailable)
	}
	resp, err := h.Grain.SayHello(h.Turn(), &hellov1.SayHelloRequest{Name: "Ada"})
	if err != nil || resp.GetTimes() != 1 {
		t.Errorf("got %v, %v after a commit that failed, want 1 greeting", resp, err)
	}
}
