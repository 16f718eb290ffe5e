package app

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"
)

// A Command is a sample's command line, and where its output goes.
type Command struct {
	// Flags take more flags before Parse is called.
	Flags *flag.FlagSet

	Listen string // the embedded NATS server's HOST:PORT; "": a free port on loopback
	NATS   string // the URL of an outside NATS server; "": an embedded one
	Data   string // the directory to keep state in; "": nothing outlives the process
	Serve  bool   // stay up until a signal comes

	Stdout, Stderr io.Writer

	name string
	args []string
}

func newCommand(name, operands string, args []string, stdout, stderr io.Writer) *Command {
	c := &Command{
		Flags:  flag.NewFlagSet(name, flag.ContinueOnError),
		Stdout: stdout,
		Stderr: stderr,
		name:   name,
		args:   args,
	}
	f := c.Flags
	f.SetOutput(stderr)
	f.StringVar(&c.Listen, "listen", "", "have the embedded NATS server listen on `HOST:PORT` (default 127.0.0.1 and a free port)")
	f.StringVar(&c.NATS, "nats", "", "use the NATS server at `URL` (default: embed one)")
	f.StringVar(&c.Data, "data", "", "keep state in `DIR` (default: nothing is kept)")
	f.BoolVar(&c.Serve, "serve", false, "stay up until SIGINT or SIGTERM")
	f.Usage = func() {
		fmt.Fprintln(stderr, strings.TrimSpace(fmt.Sprintf("usage: %s [flags] %s", name, operands)))
		f.PrintDefaults()
	}
	return c
}

// Parse parses the command line. Its errors are for Main.
func (c *Command) Parse() error {
	err := c.Flags.Parse(c.args)
	if errors.Is(err, flag.ErrHelp) {
		return err
	}
	if err != nil {
		return &usageError{problem: err.Error(), told: true}
	}
	if late := c.lateFlag(); late != "" {
		return Usagef("%s is behind %s: flags come first (what is called %s is written ./%s)", late, c.Operands()[0], late, late)
	}
	if c.Listen != "" && c.NATS != "" {
		return Usagef("-listen is for the embedded server, and -nats for one outside: give one of them")
	}
	return nil
}

// lateFlag finds a flag among the operands, where it would be taken for one of them.
func (c *Command) lateFlag() string {
	if behind := len(c.args) - c.Flags.NArg() - 1; behind >= 0 && c.args[behind] == "--" {
		return ""
	}
	for _, operand := range c.Operands() {
		name, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(operand, "-"), "-"), "=")
		if strings.HasPrefix(operand, "-") && (c.Flags.Lookup(name) != nil || name == "h" || name == "help") {
			return operand
		}
	}
	return ""
}

// Operands are what follows the flags.
func (c *Command) Operands() []string { return c.Flags.Args() }

// Logf tells people something, as one line on stderr.
func (c *Command) Logf(format string, args ...any) {
	fmt.Fprintf(c.Stderr, "%s: %s\n", c.name, fmt.Sprintf(format, args...))
}
