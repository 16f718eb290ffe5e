package main

import (
	"context"
	"fmt"

	"github.com/teff-dev/teff/grain"
	hellov1 "github.com/teff-dev/teff/samples/hello/hello/v1"
)

// greeter is a grain: whoever calls it, wherever from, there is one of each key, and it
// does one thing at a time.
type greeter struct {
	state *grain.State[*hellov1.GreeterState]
}

func newGreeter(a *grain.Activation) (*greeter, error) {
	return &greeter{state: grain.StateOf[*hellov1.GreeterState](a)}, nil
}

// SayHello greets, and remembers that it did before it answers.
func (g *greeter) SayHello(ctx context.Context, req *hellov1.SayHelloRequest) (*hellov1.SayHelloResponse, error) {
	if req.GetName() == "" {
		return nil, grain.Errorf(grain.CodeInvalidArgument, "whom to greet? the name is empty")
	}
	err := g.state.Update(ctx, func(s *hellov1.GreeterState) error {
		s.Greetings++
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &hellov1.SayHelloResponse{
		Greeting: fmt.Sprintf("Hello, %s!", req.GetName()),
		Times:    g.state.Value().GetGreetings(),
	}, nil
}
