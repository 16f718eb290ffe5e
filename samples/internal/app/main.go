package app

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

// Main is the main function of a sample: it runs it with the process's command line and
// exits. The context that run gets ends with SIGINT or SIGTERM. Operands are what the
// usage shows behind the flags, such as "NAME...".
func Main(name, operands string, run func(context.Context, *Command) error) {
	c := newCommand(name, operands, os.Args[1:], os.Stdout, os.Stderr)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal then does what signals do
	os.Exit(c.execute(ctx, run))
}

// What a process exits with.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
)

// A usageError is a command line that makes no sense.
type usageError struct {
	problem string
	told    bool // the flag package has printed it, and the usage
}

func (e *usageError) Error() string { return e.problem }

// Usagef makes the error of a command line that makes no sense. It is printed with the
// usage, and the process exits with 2.
func Usagef(format string, args ...any) error {
	return &usageError{problem: fmt.Sprintf(format, args...)}
}

// execute runs the sample and returns what to exit with.
func (c *Command) execute(ctx context.Context, run func(context.Context, *Command) error) int {
	err := run(ctx, c)
	var usage *usageError
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return exitDone
	case errors.As(err, &usage):
		if !usage.told {
			fmt.Fprintf(c.Stderr, "%s: %v\n", c.name, err)
			c.Flags.Usage()
		}
		return exitUsage
	case ctx.Err() != nil:
		fmt.Fprintf(c.Stderr, "%s: interrupted: %v\n", c.name, err)
		return exitFailed
	default:
		fmt.Fprintf(c.Stderr, "%s: %v\n", c.name, err)
		return exitFailed
	}
}
