package main

import (
	"context"
	"time"

	"google.golang.org/protobuf/types/dynamicpb"

	"github.com/teff-dev/teff/grain"
	"github.com/teff-dev/teff/internal/wire"
)

// CallCmd is teff call.
type CallCmd struct {
	Target  string         `arg:"" name:"type/key" help:"The grain, such as bank.v1.Account/alice."`
	Method  string         `arg:"" help:"The method, such as Deposit."`
	Request string         `arg:"" optional:"" name:"json" help:"The request; - reads it from stdin. Default: {}."`
	Timeout *time.Duration `placeholder:"DURATION" help:"How long the call may take, such as 5s. Default: what the method declares, or 30s."`
	OneWay  bool           `help:"Do not wait, and never learn what became of it."`
}

// Help is the long help of teff call.
func (*CallCmd) Help() string {
	return "Asks the silos what the type looks like, checks the request, calls once, and prints the response in JSON. " +
		"No proto files are needed. It never calls twice: whether that would be safe is told by the exit code."
}

// defaultTimeout is how long a call may take where nobody says anything.
const defaultTimeout = 30 * time.Second

// Run calls.
func (c *CallCmd) Run(ctx context.Context, io streams, g *Globals) error {
	id, err := grain.ParseID(c.Target)
	if err != nil {
		return usage("%s", sentence(err)).hint("teff call TYPE/KEY METHOD [JSON]")
	}
	if c.Timeout != nil && (*c.Timeout <= 0 || *c.Timeout > wire.MaxTimeout) {
		return usage("--timeout %s: it must be more than nothing, and at most %s", *c.Timeout, wire.MaxTimeout)
	}
	text, err := readRequest(c.Request, io.in)
	if err != nil {
		return err
	}
	ctx, s, err := g.connect(ctx)
	if err != nil {
		return err
	}
	defer s.close()
	sch, err := s.schema(ctx, id.Type)
	if err != nil {
		return err
	}
	m, err := sch.method(c.Method)
	if err != nil {
		return err
	}
	payload, err := m.encode(text, sch.types)
	if err != nil {
		return err
	}
	k := &calling{session: s, schema: sch, method: m, key: id.Key, payload: payload, timeout: c.timeout(m)}
	if c.OneWay || m.oneWay {
		if err := k.publish(ctx); err != nil {
			return err
		}
		io.note("sent; what becomes of it is not told")
		return nil
	}
	body, err := k.request(ctx)
	if err != nil {
		return err
	}
	response := dynamicpb.NewMessage(m.Output())
	if err := wire.Unmarshal(wire.CodecProto, body, response); err != nil {
		return &failure{exit: exitCoded, err: grain.Errorf(grain.CodeInternal, "the response of %s cannot be read; the method has had its effect: %s", m, sentence(err))}
	}
	return writeMessage(io.out, response, sch.types, g.json())
}

func (c *CallCmd) timeout(m *method) time.Duration {
	switch {
	case c.Timeout != nil:
		return *c.Timeout
	case m.timeout > 0:
		return min(m.timeout, wire.MaxTimeout)
	default:
		return defaultTimeout
	}
}
