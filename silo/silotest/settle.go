package silotest

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/teff-dev/teff/internal/cluster"
	"github.com/teff-dev/teff/internal/core/membership"
	"github.com/teff-dev/teff/internal/core/placement"
	"github.com/teff-dev/teff/internal/wire"
	teffv1 "github.com/teff-dev/teff/protos/teff/v1"
)

// settleWait is how long New waits for the cluster.
const settleWait = 30 * time.Second

// WaitSettled returns when the cluster has come to rest: the silos that run (those that are
// neither stopped nor killed, paused nor cut off) hold the same view, they and nobody else
// are its members, each shard of each type that they host has an owner, and no shard
// is to move; and the cluster's client knows that view. When ctx ends before, the test ends, and is told what was amiss.
func (c *Cluster) WaitSettled(ctx context.Context) {
	c.t.Helper()
	for {
		c.mu.Lock()
		amiss, changed := c.unsettled(), c.changed
		v, refresh := c.newest(), c.refresh
		c.mu.Unlock()
		if amiss == "" && refreshed(ctx, refresh, v) {
			return
		}
		select {
		case <-changed:
		case <-ctx.Done():
			if amiss == "" {
				amiss = "its client does not get the view"
			}
			c.t.Fatalf("silotest: the cluster has not settled: %s", amiss)
		}
	}
}

// refreshed returns when the client knows the view; it is false when ctx has ended before.
func refreshed(ctx context.Context, refresh func(context.Context) (*membership.View, error), v *membership.View) bool {
	for refresh != nil {
		try, cancel := context.WithTimeout(ctx, refreshTry)
		known, err := refresh(try)
		if err != nil {
			<-try.Done() // there is no server to ask
		}
		cancel()
		if err == nil && !v.Newer(known) {
			return true
		}
		if ctx.Err() != nil {
			return false
		}
	}
	return true
}

// refreshTry is how long one silo may take to tell the view: a paused one does not.
const refreshTry = 100 * time.Millisecond

// unsettled says what keeps the cluster from being settled; "" is nothing. It is called
// under the lock.
func (c *Cluster) unsettled() string {
	var v *membership.View
	var running []string
	for _, h := range c.hosts {
		if h.state != up {
			continue
		}
		switch {
		case h.view == nil:
			return h.cfg.Name + " has no view"
		case v == nil:
			v = h.view
		case h.view.Newer(v) || v.Newer(h.view):
			return fmt.Sprintf("%s holds view %d, and another silo %d", h.cfg.Name, h.view.Epoch, v.Epoch)
		}
		running = append(running, h.incarnation)
	}
	if v == nil {
		return "" // nobody is left
	}
	if len(v.Members) != len(running) {
		return fmt.Sprintf("the view has %d members, and %d silos run", len(v.Members), len(running))
	}
	for _, m := range v.Members {
		if !slices.Contains(running, m.Incarnation) || m.State == membership.Leaving {
			return m.Incarnation + " is a member that is gone, or leaves"
		}
		for _, typ := range m.Types {
			if amiss := unplaced(v, typ); amiss != "" {
				return amiss
			}
		}
	}
	return ""
}

// unplaced says what a type's table lacks.
func unplaced(v *membership.View, typ string) string {
	t := v.Tables[typ]
	if t == nil {
		return typ + " has no owners yet"
	}
	moving := 0
	for p, owner := range t.Owner {
		if owner == "" {
			return fmt.Sprintf("%s: nobody owns partition %d", typ, p)
		}
		if t.Next[p] != "" {
			moving++
		}
	}
	if moving > 0 {
		return fmt.Sprintf("%s: %d shards are moving", typ, moving)
	}
	planned := 0
	for p, to := range placement.Moves(t.Owner, placement.Targets(v.Hosts(typ), v.Partitions)) {
		if m, _ := v.Member(t.Owner[p]); to != "" && m.State != membership.Cordoned {
			planned++
		}
	}
	if planned > 0 {
		return fmt.Sprintf("%s: %d shards are going to move", typ, planned)
	}
	return ""
}

// newest is the newest view that any silo holds. It is called under the lock.
func (c *Cluster) newest() *membership.View {
	var v *membership.View
	for _, h := range c.hosts {
		if h.view.Newer(v) {
			v = h.view
		}
	}
	return v
}

// View is the newest view that any silo holds: who is a member, and who owns what.
func (c *Cluster) View() *teffv1.View {
	c.t.Helper()
	c.mu.Lock()
	v := c.newest()
	c.mu.Unlock()
	record, err := cluster.EncodeView(c.name, v)
	if err != nil {
		c.t.Fatalf("silotest: %v", err)
	}
	return record
}

// Owner is the number of the silo that owns a grain in the newest view; -1 is nobody, or
// one that is no more.
func (c *Cluster) Owner(typ, key string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	v := c.newest()
	if v == nil {
		return -1
	}
	owner, _ := v.Owner(membership.Shard{Type: typ, Partition: int(wire.PartitionOf(typ, key, uint32(v.Partitions)))})
	return slices.IndexFunc(c.hosts, func(h *host) bool { return owner != "" && h.incarnation == owner })
}
