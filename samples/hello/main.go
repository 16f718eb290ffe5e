// Command hello hosts a grain that greets, and has it greet everybody named on the
// command line:
//
//	go run ./samples/hello Ada Grace
//
// With -serve it stays up and may be called from elsewhere.
package main

import (
	"context"
	"fmt"

	"github.com/teff-dev/teff/grain"
	hellov1 "github.com/teff-dev/teff/samples/hello/hello/v1"
	"github.com/teff-dev/teff/samples/hello/hello/v1/hellov1teff"
	"github.com/teff-dev/teff/samples/internal/app"
	"github.com/teff-dev/teff/silo"
)

func main() { app.Main("hello", "NAME...", run) }

func run(ctx context.Context, cmd *app.Command) error {
	if err := cmd.Parse(); err != nil {
		return err
	}
	if len(cmd.Operands()) == 0 && !cmd.Serve {
		return app.Usagef("name somebody to greet, or -serve")
	}
	cfg := silo.Config{Grains: []grain.Kind{hellov1teff.GreeterKind(newGreeter)}}
	return cmd.Host(ctx, cfg, func(s *silo.Silo) error {
		front := hellov1teff.GreeterOf(s, "front-desk")
		for _, name := range cmd.Operands() {
			resp, err := front.SayHello(ctx, &hellov1.SayHelloRequest{Name: name})
			if err != nil {
				return fmt.Errorf("greet %q: %w", name, err)
			}
			fmt.Fprintln(cmd.Stdout, resp.GetGreeting())
		}
		return nil
	})
}
