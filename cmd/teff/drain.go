package main

import (
	"context"
	"time"

	"github.com/teff-dev/teff/grain"
	teffv1 "github.com/teff-dev/teff/protos/teff/v1"
)

// DrainCmd is teff drain.
type DrainCmd struct {
	Silo    string        `arg:"" placeholder:"SILO" help:"Its incarnation or its name, or how one of them begins."`
	Timeout time.Duration `default:"1m" placeholder:"DURATION" help:"How long to wait until it has left. Default: ${default}."`
}

// Help is the long help of teff drain.
func (*DrainCmd) Help() string {
	return "The silo hands its shards over, leaves the cluster, and ends: what SIGTERM does, from afar. There is no way back. " +
		"Calls go on meanwhile. When the time is up the silo goes on leaving; the command then ends with code 1."
}

// Run drains a silo, and waits until it has left.
func (c *DrainCmd) Run(ctx context.Context, io streams, g *Globals) error {
	ctx, s, err := g.connect(ctx)
	if err != nil {
		return err
	}
	defer s.close()
	v, err := s.view(ctx)
	if err != nil {
		return err
	}
	m, err := find(v, c.Silo)
	if err != nil {
		return err
	}
	alone := len(v.GetMembers()) == 1
	if err := s.tell(ctx, m, "drain"); err != nil {
		return err
	}
	if err := c.wait(ctx, s, io, m, alone); err != nil {
		return err
	}
	return tellState(io, g, m, "left")
}

// wait returns when the silo is in the view no more. The last one takes with it who tells
// the view, and maybe the NATS server.
func (c *DrainCmd) wait(ctx context.Context, s *session, io streams, m *teffv1.Member, alone bool) error {
	limit, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	told, left := time.Now(), 0
	for {
		v, err := s.view(limit)
		if err == nil {
			if _, err := find(v, m.GetIncarnation()); err != nil {
				return nil
			}
			if left, err = owns(v, m.GetIncarnation()); err != nil {
				return err
			}
			if time.Since(told) >= time.Second {
				told = time.Now()
				io.note("%s has %s left", m.GetName(), count(left, "shard"))
			}
		} else if alone && ctx.Err() == nil && limit.Err() == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return unreachable("interrupted; silo %s goes on leaving", m.GetIncarnation())
		case <-limit.Done():
			f := &failure{exit: exitCoded, err: grain.Errorf(grain.CodeDeadlineExceeded, "silo %s (%s) has not left within %s; it had %s when last heard of",
				m.GetIncarnation(), m.GetName(), c.Timeout, count(left, "shard"))}
			return f.hint("it goes on leaving: teff view shows how far it is; a turn that does not end holds it up for Config.DrainTimeout at most")
		case <-time.After(viewLook):
		}
	}
}
