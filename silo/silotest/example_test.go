package silotest_test

import (
	"context"
	"fmt"
	"time"

	hellov1 "github.com/teff-dev/teff/samples/hello/hello/v1"
	"github.com/teff-dev/teff/samples/hello/hello/v1/hellov1teff"
	"github.com/teff-dev/teff/silo/silotest"
)

func Example() {
	t := newStage() // a test has its own T
	defer t.end()

	c := silotest.New(t, silotest.Silos(3), silotest.Grains(hellov1teff.GreeterKind(newGreeter)))
	greet := func(name string) {
		resp, err := hellov1teff.GreeterOf(c.Client(), "front-desk").SayHello(t.Context(), &hellov1.SayHelloRequest{Name: name})
		fmt.Println(resp.GetGreeting(), resp.GetTimes(), err)
	}
	greet("Ada")

	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	c.Kill(c.Owner("hello.v1.Greeter", "front-desk"))
	c.WaitSettled(ctx)
	greet("Grace") // by another silo, which has read what the first one wrote

	c.Stop(c.Owner("hello.v1.Greeter", "front-desk"))
	greet("Edsger")
	// Output:
	// Hello, Ada! 1 <nil>
	// Hello, Grace! 2 <nil>
	// Hello, Edsger! 3 <nil>
}
