package silo

import (
	"context"
	"log/slog"
	"strings"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"google.golang.org/protobuf/proto"

	"github.com/teff-dev/teff/internal/core/membership"
	teffv1 "github.com/teff-dev/teff/protos/teff/v1"
)

// A departure is a silo's that takes a node of the mesh with it. The others must not lose
// what the node is needed for.
type departure struct {
	silo   *Silo
	self   string
	newest atomic.Pointer[company]
	change chan struct{} // of one
	sub    *nats.Subscription
}

// company is who else is in the cluster, in one view.
type company struct {
	generation, epoch uint64
	staying, leaving  int
}

// beginDeparture begins to listen to who leaves beside this silo; nil where that is of no
// consequence.
func (s *Silo) beginDeparture() *departure {
	if m := s.cfg.mesh(); m == nil || !m.Keeper() || !s.nc.IsConnected() {
		return nil
	}
	d := &departure{silo: s, self: s.present.Load().id(), change: make(chan struct{}, 1)}
	sub, err := s.nc.Subscribe(s.names.ViewChanged(), func(msg *nats.Msg) {
		v := new(teffv1.View)
		if proto.Unmarshal(msg.Data, v) == nil {
			d.saw(d.company(v))
		}
	})
	if err != nil {
		s.log.Warn("cannot see who else leaves", slog.Any("error", err))
		return nil
	}
	d.sub = sub
	return d
}

func (d *departure) company(v *teffv1.View) *company {
	c := &company{generation: v.GetGeneration(), epoch: v.GetEpoch()}
	for _, m := range v.GetMembers() {
		switch {
		case m.GetIncarnation() == d.self:
		case m.GetState() == teffv1.MemberState(membership.Leaving):
			c.leaving++
		default:
			c.staying++
		}
	}
	return c
}

// saw takes who is there, if it is news.
func (d *departure) saw(c *company) {
	for {
		old := d.newest.Load()
		if old != nil && (old.generation > c.generation || old.generation == c.generation && old.epoch >= c.epoch) {
			return
		}
		if d.newest.CompareAndSwap(old, c) {
			break
		}
	}
	select {
	case d.change <- struct{}{}:
	default:
	}
}

// departLook is how often a silo that leaves asks whether the others can do without it.
const departLook = 200 * time.Millisecond

// end returns when the mesh can do without this node. Silos that stay need the other nodes'
// copies to be as new as this one's; silos that leave need this one for a little longer;
// where nobody is left, nothing is needed. It gives up after the drain timeout.
func (d *departure) end(ctx context.Context) {
	if d == nil {
		return
	}
	s := d.silo
	ctx, cancel := context.WithTimeout(ctx, s.cfg.DrainTimeout)
	defer cancel()
	defer d.sub.Unsubscribe() //nolint:errcheck // it ends with the connection
	if v := s.router.View(); v != nil {
		record := &teffv1.View{Generation: v.Generation, Epoch: v.Epoch}
		for _, m := range v.Members {
			record.Members = append(record.Members, &teffv1.Member{Incarnation: m.Incarnation, State: teffv1.MemberState(m.State)})
		}
		d.saw(d.company(record))
	}
	tick := time.NewTicker(departLook)
	defer tick.Stop()
	for {
		needed := d.needed(ctx)
		if needed == "" {
			return
		}
		select {
		case <-ctx.Done():
			s.log.Warn("this node of the mesh stops although others need it: the cluster may stand still until one is back",
				slog.String("node", s.cfg.Mesh.Node), slog.String("problem", needed))
			return
		case <-d.change:
		case <-tick.C:
		}
	}
}

// needed says what for the node is still needed; "": nothing.
func (d *departure) needed(ctx context.Context) string {
	c := d.newest.Load()
	switch {
	case c == nil || c.staying == 0 && c.leaving == 0:
		return ""
	case c.staying == 0:
		return "others are leaving, too"
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	behind, err := d.silo.server.Lagging(ctx, d.silo.nc)
	if err != nil {
		return err.Error()
	}
	if len(behind) > 0 {
		return "not up to date: " + strings.Join(behind, ", ")
	}
	return ""
}
