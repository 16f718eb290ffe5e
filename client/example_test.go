package client_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/teff-dev/teff/client"
	"github.com/teff-dev/teff/grain"
	"github.com/teff-dev/teff/persistence/memstore"
	hellov1 "github.com/teff-dev/teff/samples/hello/hello/v1"
	"github.com/teff-dev/teff/samples/hello/hello/v1/hellov1teff"
	"github.com/teff-dev/teff/silo"
)

// greeter is what the silo of the example hosts.
type greeter struct{}

func (greeter) SayHello(_ context.Context, req *hellov1.SayHelloRequest) (*hellov1.SayHelloResponse, error) {
	if req.GetName() == "" {
		return nil, grain.Errorf(grain.CodeInvalidArgument, "whom to greet? the name is empty")
	}
	return &hellov1.SayHelloResponse{Greeting: "Hello, " + req.GetName() + "!"}, nil
}

func Example() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "teff")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	// Somewhere there is a silo; here, in the same program.
	s, err := silo.Start(ctx, silo.Config{
		Grains: []grain.Kind{hellov1teff.GreeterKind(func(*grain.Activation) (greeter, error) { return greeter{}, nil })},
		Store:  memstore.New(), DataDir: dir, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		panic(err)
	}
	defer s.Stop(ctx)

	c, err := client.Connect(ctx, client.Config{NATS: s.URL()})
	if err != nil {
		panic(err)
	}
	defer c.Close()

	ctx, cancel := context.WithTimeout(ctx, 5*time.Second) // travels with the call
	defer cancel()
	desk := hellov1teff.GreeterOf(c, "front-desk")
	resp, err := desk.SayHello(ctx, &hellov1.SayHelloRequest{Name: "Ada"})
	fmt.Println(resp.GetGreeting(), err)
	_, err = desk.SayHello(ctx, &hellov1.SayHelloRequest{})
	fmt.Println(grain.CodeOf(err))
	// Output:
	// Hello, Ada! <nil>
	// INVALID_ARGUMENT
}
