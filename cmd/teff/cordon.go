package main

import (
	"context"
	"fmt"

	"github.com/teff-dev/teff/internal/core/membership"
	teffv1 "github.com/teff-dev/teff/protos/teff/v1"
)

// CordonCmd is teff cordon.
type CordonCmd struct {
	Silo string `arg:"" placeholder:"SILO" help:"Its incarnation or its name, or how one of them begins."`
}

// Help is the long help of teff cordon.
func (*CordonCmd) Help() string {
	return "The silo keeps the shards it has, and gets no new ones: before an upgrade, or to look at it in peace. teff uncordon undoes it."
}

// UncordonCmd is teff uncordon.
type UncordonCmd struct {
	Silo string `arg:"" placeholder:"SILO" help:"Its incarnation or its name, or how one of them begins."`
}

// Help is the long help of teff uncordon.
func (*UncordonCmd) Help() string {
	return "The silo gets its share of the shards again."
}

// stated is what teff cordon and its like tell programs.
type stated struct {
	Incarnation string `json:"incarnation"`
	Name        string `json:"name"`
	State       string `json:"state"`
}

// Run cordons a silo.
func (c *CordonCmd) Run(ctx context.Context, io streams, g *Globals) error {
	m, err := g.setState(ctx, c.Silo, "cordon", membership.Cordoned)
	if err != nil {
		return err
	}
	return tellState(io, g, m, stateName(m.GetState()))
}

// Run uncordons a silo.
func (c *UncordonCmd) Run(ctx context.Context, io streams, g *Globals) error {
	m, err := g.setState(ctx, c.Silo, "uncordon", membership.Active)
	if err != nil {
		return err
	}
	return tellState(io, g, m, stateName(m.GetState()))
}

func tellState(io streams, g *Globals, m *teffv1.Member, state string) error {
	if g.json() {
		return writeLine(io.out, stated{m.GetIncarnation(), m.GetName(), state})
	}
	_, err := fmt.Fprintf(io.out, "%s (%s) %s\n", m.GetIncarnation(), m.GetName(), state)
	return err
}
