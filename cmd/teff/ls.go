package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/teff-dev/teff/internal/bus"
	teffv1 "github.com/teff-dev/teff/protos/teff/v1"
)

// LsCmd is teff ls.
type LsCmd struct{}

// Help is the long help of teff ls.
func (*LsCmd) Help() string {
	return "One row for each type of each silo: how many activations are in memory, how many turns were run since the silo started, " +
		"and how many of them ended with an error."
}

// lsInfo is what teff ls tells programs.
type lsInfo struct {
	Name       string     `json:"cluster"`
	Wire       uint32     `json:"wireVersion"`
	Epoch      uint64     `json:"epoch"`
	Partitions uint32     `json:"partitions"`
	Silos      []siloInfo `json:"silos"`
}

type siloInfo struct {
	Incarnation string     `json:"incarnation"`
	Name        string     `json:"name"`
	State       string     `json:"state"`
	Release     string     `json:"release"`
	Uptime      float64    `json:"uptimeSeconds"`
	Types       []typeInfo `json:"types"`
	Counters    counters   `json:"counters"`
	Problem     string     `json:"problem,omitempty"` // why it did not tell its status
}

type typeInfo struct {
	Type        string `json:"type"`
	Activations int64  `json:"activations"`
	Turns       int64  `json:"turns"`
	Errors      int64  `json:"errors"`
}

type counters struct {
	Panics         int64 `json:"panics"`
	OneWayErrors   int64 `json:"oneWayErrors"`
	RefusedReplies int64 `json:"refusedReplies"`
}

// Run lists.
func (*LsCmd) Run(ctx context.Context, io streams, g *Globals) error {
	ctx, s, err := g.connect(ctx)
	if err != nil {
		return err
	}
	defer s.close()
	v, err := s.view(ctx)
	if err != nil {
		return err
	}
	c := lsInfo{
		Name: v.GetCluster(), Wire: v.GetWireVersion(), Epoch: v.GetEpoch(), Partitions: v.GetPartitions(),
		Silos: make([]siloInfo, len(v.GetMembers())),
	}
	var all sync.WaitGroup
	for i, m := range byName(v) {
		all.Go(func() { c.Silos[i] = s.silo(ctx, m) })
	}
	all.Wait()
	for _, silo := range c.Silos {
		silo.warn(io)
	}
	if g.json() {
		return writeLine(io.out, c)
	}
	return writeTable(io.out, c.rows())
}

// silo asks one silo how it is.
func (s *session) silo(ctx context.Context, m *teffv1.Member) siloInfo {
	info := siloInfo{Incarnation: m.GetIncarnation(), Name: m.GetName(), State: stateName(m.GetState()), Release: m.GetRelease(), Types: []typeInfo{}}
	var status teffv1.SiloStatus
	if problem := s.status(ctx, m.GetIncarnation(), &status); problem != "" {
		info.Problem = problem
		for _, typ := range m.GetTypes() {
			info.Types = append(info.Types, typeInfo{Type: typ})
		}
		return info
	}
	info.Uptime = status.GetUptime().AsDuration().Seconds()
	info.Counters = counters{
		Panics:         status.GetCounters().GetPanics(),
		OneWayErrors:   status.GetCounters().GetOneWayErrors(),
		RefusedReplies: status.GetCounters().GetRefusedReplies(),
	}
	for _, t := range status.GetTypes() {
		info.Types = append(info.Types, typeInfo{t.GetType(), t.GetActivations(), t.GetTurns(), t.GetErrors()})
	}
	return info
}

// status asks for a silo's status; the answer is why there is none.
func (s *session) status(ctx context.Context, incarnation string, status *teffv1.SiloStatus) (problem string) {
	reply, err := s.mux.Request(ctx, &nats.Msg{Subject: s.names.Ctl(incarnation, "status")}, time.Now().Add(askWait))
	switch {
	case errors.Is(err, bus.ErrNoResponders):
		return "it is gone"
	case errors.Is(context.Cause(ctx), nats.ErrPermissionViolation):
		return "this user may not ask it"
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Sprintf("no answer within %s", askWait)
	case err != nil:
		return err.Error()
	}
	if err := s.read(reply, status); err != nil {
		return sentence(err)
	}
	return ""
}

// warn tells a person what the table has no column for.
func (i siloInfo) warn(io streams) {
	if i.Problem != "" {
		io.note("silo %s (%s) is in the view, and does not tell its status: %s", i.Incarnation, i.Name, i.Problem)
	}
	var parts []string
	for _, c := range []struct {
		n    int64
		noun string
	}{
		{i.Counters.Panics, "panic"},
		{i.Counters.OneWayErrors, "failed one-way call"},
		{i.Counters.RefusedReplies, "refused reply subject"},
	} {
		if c.n > 0 {
			parts = append(parts, count(c.n, c.noun))
		}
	}
	if len(parts) > 0 {
		io.note("silo %s (%s) has had %s: its log says more", i.Incarnation, i.Name, strings.Join(parts, ", "))
	}
}

// rows is the table: one row for each type of each silo.
func (c lsInfo) rows() [][]string {
	rows := [][]string{{"SILO", "NAME", "STATE", "RELEASE", "UPTIME", "TYPE", "ACTIVATIONS", "TURNS", "ERRORS"}}
	for _, s := range c.Silos {
		uptime := time.Duration(s.Uptime * float64(time.Second)).Round(time.Second).String()
		if s.Problem != "" {
			uptime = "?"
		}
		types := s.Types
		if len(types) == 0 {
			rows = append(rows, []string{s.Incarnation, s.Name, s.State, s.Release, uptime, "-", "-", "-", "-"})
		}
		for _, t := range types {
			row := []string{s.Incarnation, s.Name, s.State, s.Release, uptime, t.Type, "?", "?", "?"}
			if s.Problem == "" {
				copy(row[6:], []string{fmt.Sprint(t.Activations), fmt.Sprint(t.Turns), fmt.Sprint(t.Errors)})
			}
			rows = append(rows, row)
		}
	}
	return rows
}
