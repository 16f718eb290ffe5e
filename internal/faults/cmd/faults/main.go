//go:build linux

// Command faults runs the fault programme: clusters of real processes under load, with
// everything that can go wrong going wrong. See docs/testing.md.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/teff-dev/teff/internal/faults"
)

func main() {
	if faults.Child() {
		return
	}
	var o faults.Options
	flag.StringVar(&o.Set, "set", "all", "which scenarios: test, ci or all")
	flag.StringVar(&o.Only, "run", "", "only scenarios whose names match this regular expression")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := faults.Run(ctx, o, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "faults:", err)
		os.Exit(1)
	}
}
