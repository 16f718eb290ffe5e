package silo

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

// Main starts a silo, tells on stderr where it is and how to call it, and drains it when
// the process gets SIGINT or SIGTERM. It is the whole main function of a service. What cfg
// leaves empty is filled from the environment, see [FromEnv]. When the silo cannot start,
// or a second signal comes, the process exits with status 1.
func Main(cfg Config) {
	if err := run(cfg, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "teff:", err)
		os.Exit(1)
	}
}

func run(cfg Config, out io.Writer) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if os.Getenv(envStdin) == "1" {
		go func() {
			_, _ = io.Copy(io.Discard, os.Stdin)
			stop() // whoever started this process is gone
		}()
	}
	cfg, err := FromEnv(cfg)
	if err != nil {
		return err
	}
	s, err := Start(ctx, cfg)
	if err != nil {
		return err
	}
	s.Welcome(out)
	select {
	case <-ctx.Done():
	case <-s.Left():
		fmt.Fprintln(out, "teff: drained by an administrator")
	}
	stop() // a second signal ends the process at once
	fmt.Fprintln(out, "teff: draining; once more to quit at once")
	return s.Stop(context.Background())
}
