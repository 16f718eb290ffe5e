package silotest_test

import (
	"context"
	"fmt"
	"sync/atomic"

	"github.com/teff-dev/teff/grain"
	hellov1 "github.com/teff-dev/teff/samples/hello/hello/v1"
	"github.com/teff-dev/teff/samples/hello/hello/v1/hellov1teff"
)

// greeter is a grain such as an application has.
type greeter struct {
	seen  *counts
	state *grain.State[*hellov1.GreeterState]
}

func newGreeter(a *grain.Activation) (*greeter, error) {
	return &greeter{seen: new(counts), state: grain.StateOf[*hellov1.GreeterState](a)}, nil
}

// counts are of all greeters of a test.
type counts struct {
	activated, deactivated atomic.Int64
	gate                   func(ctx context.Context, name string) // a greeting passes it before it is counted; nil: there is none
}

// greeterType is what the cluster calls it.
const greeterType = "hello.v1.Greeter"

func countedKind(seen *counts) grain.Kind {
	return hellov1teff.GreeterKind(func(a *grain.Activation) (*greeter, error) {
		return &greeter{seen: seen, state: grain.StateOf[*hellov1.GreeterState](a)}, nil
	})
}

func (g *greeter) OnActivate(context.Context) error { g.seen.activated.Add(1); return nil }

func (g *greeter) OnDeactivate(context.Context, grain.DeactivationReason) error {
	g.seen.deactivated.Add(1)
	return nil
}

func (g *greeter) SayHello(ctx context.Context, req *hellov1.SayHelloRequest) (*hellov1.SayHelloResponse, error) {
	if g.seen.gate != nil {
		g.seen.gate(ctx, req.GetName())
	}
	err := g.state.Update(ctx, func(s *hellov1.GreeterState) error { s.Greetings++; return nil })
	if err != nil {
		return nil, err
	}
	return &hellov1.SayHelloResponse{
		Greeting: fmt.Sprintf("Hello, %s!", req.GetName()),
		Times:    g.state.Value().GetGreetings(),
	}, nil
}
