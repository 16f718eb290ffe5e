package main

import (
	"context"
	"sync"

	"github.com/teff-dev/teff/grain"
	teffv1 "github.com/teff-dev/teff/protos/teff/v1"
)

// ReadyCmd is teff ready.
type ReadyCmd struct {
	Silo string `arg:"" optional:"" placeholder:"SILO" help:"Its incarnation or its name, or how one of them begins. Default: all."`
}

// Help is the long help of teff ready.
func (*ReadyCmd) Help() string {
	return "Asks whether silos serve: they do when they are members, in touch with the cluster, and not stopping. One that answers at all is alive. " +
		"It ends with code 1 when one of them is not ready."
}

// readyInfo is what teff ready tells programs, one a line.
type readyInfo struct {
	Incarnation string `json:"incarnation"`
	Name        string `json:"name"`
	Ready       bool   `json:"ready"`
	Problem     string `json:"problem,omitempty"`
}

// Run asks.
func (c *ReadyCmd) Run(ctx context.Context, io streams, g *Globals) error {
	ctx, s, err := g.connect(ctx)
	if err != nil {
		return err
	}
	defer s.close()
	v, err := s.view(ctx)
	if err != nil {
		return err
	}
	members := byName(v)
	if c.Silo != "" {
		m, err := find(v, c.Silo)
		if err != nil {
			return err
		}
		members = []*teffv1.Member{m}
	}
	infos := make([]readyInfo, len(members))
	var all sync.WaitGroup
	for i, m := range members {
		all.Go(func() {
			infos[i] = readyInfo{Incarnation: m.GetIncarnation(), Name: m.GetName(), Ready: true}
			if err := s.tell(ctx, m, "ready"); err != nil {
				infos[i].Ready, infos[i].Problem = false, sentence(err)
			}
		})
	}
	all.Wait()
	return tellReady(io, g, infos)
}

func tellReady(io streams, g *Globals, infos []readyInfo) error {
	rows, not := [][]string{{"SILO", "NAME", "READY"}}, 0
	for _, info := range infos {
		text := "yes"
		if !info.Ready {
			text = "no: " + info.Problem
			not++
		}
		rows = append(rows, []string{info.Incarnation, info.Name, text})
		if g.json() {
			if err := writeLine(io.out, info); err != nil {
				return err
			}
		}
	}
	if !g.json() {
		if err := writeTable(io.out, rows); err != nil {
			return err
		}
	}
	if not > 0 {
		return &failure{exit: exitCoded, err: unexecuted(grain.CodeUnavailable, "%s not ready", count(not, "silo"))}
	}
	return nil
}
