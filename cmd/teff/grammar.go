package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// streams are where a command reads and writes.
type streams struct {
	in  io.Reader
	out io.Writer // data
	err io.Writer // what is for people
}

// note tells a person something that is no error.
func (s streams) note(format string, args ...any) {
	fmt.Fprintf(s.err, "teff: "+format+"\n", args...)
}

// Grammar is the command line.
type Grammar struct {
	Globals `embed:""`

	Call     CallCmd       `cmd:"" help:"Call a method of a grain."`
	Describe DescribeCmd   `cmd:"" help:"Show the grain types, or what one looks like."`
	Ls       LsCmd         `cmd:"" help:"List the silos and what they host."`
	View     ViewCmd       `cmd:"" help:"Show the cluster's members and who owns how much."`
	Ready    ReadyCmd      `cmd:"" help:"Ask whether silos serve."`
	Drain    DrainCmd      `cmd:"" help:"Have a silo leave in order, and wait for it."`
	Cordon   CordonCmd     `cmd:"" help:"Give a silo nothing new."`
	Uncordon UncordonCmd   `cmd:"" help:"Give a silo its share again."`
	Dev      DevCmd        `cmd:"" help:"Run a program as several silos on this machine."`
	Init     InitCmd       `cmd:"" help:"Start a project."`
	Generate GenerateCmd   `cmd:"" help:"Make Go code of proto files."`
	Config   NatsConfigCmd `cmd:"" name:"nats-config" help:"Print what a NATS server needs."`
	Version  VersionCmd    `cmd:"" help:"Show the version."`
}

// Globals are the flags of every command.
type Globals struct {
	NATS    string `name:"nats" env:"TEFF_NATS" default:"nats://127.0.0.1:4222" placeholder:"URL" help:"The NATS server; commas separate several. Default: ${default}."`
	Cluster string `env:"TEFF_CLUSTER" default:"teff" placeholder:"NAME" help:"The cluster's name. Default: ${default}."`
	Output  string `short:"o" enum:"text,json" default:"text" placeholder:"text|json" help:"How data and errors are written. Default: ${default}."`
	Creds   string `type:"existingfile" placeholder:"FILE" help:"NATS credentials (user JWT and nkey seed)."`
	TLSCA   string `name:"tls-ca" type:"existingfile" placeholder:"FILE" help:"Certificates of the authorities that vouch for the server, in PEM. Default: the system's."`
	TLSCert string `name:"tls-cert" and:"tls" type:"existingfile" placeholder:"FILE" help:"This client's certificate, in PEM."`
	TLSKey  string `name:"tls-key" and:"tls" type:"existingfile" placeholder:"FILE" help:"The certificate's private key, in PEM."`
}

// json says that data and errors are for programs.
func (g *Globals) json() bool { return g.Output == "json" }

const description = "Calls grains and shows what a Teff cluster hosts."

// run runs one command line and returns its exit code.
func run(ctx context.Context, args []string, io streams) int {
	var g Grammar
	helped := false
	parser, err := kong.New(&g,
		kong.Name("teff"),
		kong.Description(description),
		kong.Writers(io.out, io.err),
		kong.Exit(func(int) { helped = true }), // --help ends here, and must not end the process
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, FlagsLast: true}),
		kong.Help(printHelp),
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Bind(io, &g.Globals),
	)
	if err != nil {
		return report(io, false, fmt.Errorf("read the grammar: %w", err))
	}
	if len(args) == 0 {
		return usageOnly(parser, io)
	}
	args = negativeValues(parser.Model, singleDashFlags(parser.Model, args))
	parsed, err := parser.Parse(args)
	switch {
	case helped:
		return exitOK
	case err != nil:
		return report(io, wantsJSON(args), parseFailure(err))
	}
	return report(io, g.json(), parsed.Run())
}

// usageOnly answers a bare teff, which is most likely a question.
func usageOnly(parser *kong.Kong, io streams) int {
	parser.Stdout = io.err
	if _, err := parser.Parse([]string{"--help"}); err != nil && parser.Model == nil {
		return report(io, false, err)
	}
	return exitUsage
}

// printHelp is kong's help, and what the exit codes mean.
func printHelp(options kong.HelpOptions, ctx *kong.Context) error {
	if err := kong.DefaultHelpPrinter(options, ctx); err != nil {
		return err
	}
	_, err := fmt.Fprint(ctx.Stdout, "\n", strings.ReplaceAll(exitHelp, "\t", "  "))
	return err
}

// parseFailure makes a sentence of what kong says.
func parseFailure(err error) error {
	command := "teff"
	var wrong *kong.ParseError
	if errors.As(err, &wrong) && wrong.Context != nil {
		if node := wrong.Context.Selected(); node != nil {
			command = node.FullPath()
		}
	}
	return usage("%w", err).hint("%s --help", command)
}

// wantsJSON finds -o json where the command line as a whole could not be read.
func wantsJSON(args []string) bool {
	for i, arg := range args {
		switch arg {
		case "--":
			return false
		case "-o", "--output":
			return slices.Equal(args[i+1:min(i+2, len(args))], []string{"json"})
		case "-ojson", "-o=json", "--output=json":
			return true
		}
	}
	return false
}
