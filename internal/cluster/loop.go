package cluster

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/teff-dev/teff/grain"
	"github.com/teff-dev/teff/internal/core/membership"
)

// ticks is how many there are in a heartbeat.
const ticks = 4

// run owns the node.
func (c *Cluster) run(ctx context.Context) {
	defer close(c.done)
	defer c.deafen()
	status := c.cfg.NC.StatusChanged(nats.CONNECTED, nats.RECONNECTING, nats.DISCONNECTED)
	defer c.cfg.NC.RemoveStatusListener(status)
	for _, incarnation := range c.cfg.Reaped {
		c.Tell(membership.Reaped{Incarnation: incarnation})
	}
	if c.cfg.NC.IsConnected() {
		c.Tell(membership.Connected{})
		c.list(ctx)
	}
	tick := time.NewTicker(c.cfg.Timing.Heartbeat / ticks)
	defer tick.Stop()
	for !c.node.Over() {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			c.step(ctx, membership.Tick{})
		case s := <-status:
			if s == nats.CONNECTED {
				c.step(ctx, membership.Connected{})
			} else {
				c.step(ctx, membership.Disconnected{})
			}
		case <-c.wake:
			for _, e := range c.take() {
				c.step(ctx, e)
			}
		}
	}
}

func (c *Cluster) take() []membership.Event {
	c.mu.Lock()
	defer c.mu.Unlock()
	queue := c.queue
	c.queue = nil
	return queue
}

func (c *Cluster) step(ctx context.Context, e membership.Event) {
	for _, effect := range c.node.Step(c.cfg.Clock.Now(), e) {
		c.do(ctx, effect)
	}
}

// do carries out what the node wants. What takes time goes on by itself.
func (c *Cluster) do(ctx context.Context, effect membership.Effect) {
	switch e := effect.(type) {
	case membership.Write:
		c.write(ctx, e)
	case membership.Delete:
		c.delete(ctx, e)
	case membership.Read:
		c.read(ctx, e)
	case membership.Hear:
		c.hear(e)
	case membership.TakeGeneration:
		c.takeGeneration(ctx)
	case membership.Lease:
		c.cfg.Gate.Apply(e)
	case membership.Changed:
		c.view.Store(e.View)
		c.cfg.Host.Changed(e.View)
	case membership.Own, membership.Seal, membership.Unseal, membership.Stop, membership.Lose:
		c.cfg.Host.Apply(e)
	case membership.Died:
		c.cfg.Gate.Apply(e)
		c.cfg.Host.Ended(fmt.Errorf("%w: %s", ErrDead, e.Why))
	case membership.Refused:
		c.cfg.Gate.Apply(e)
		c.cfg.Host.Ended(e.Err)
	case membership.Left:
		c.cfg.Gate.Apply(e)
		c.cfg.Host.Ended(nil)
	}
}

// timeout is how long one read or write may take. A heartbeat's next try must come well
// within its lease.
func (c *Cluster) timeout() time.Duration { return c.cfg.Timing.Lease / 4 }

func (c *Cluster) later(ctx context.Context, f func(context.Context) membership.Event) {
	c.ops.Go(func() {
		ctx, cancel := context.WithTimeout(ctx, c.timeout())
		defer cancel()
		c.Tell(f(ctx))
	})
}

func (c *Cluster) write(ctx context.Context, e membership.Write) {
	data, err := encode(c.cfg.Cluster, e.Record)
	if err != nil {
		c.log.Error("encode a record", slog.Any("error", err))
		c.Tell(membership.Wrote{Op: e.Op, Outcome: membership.Unknown})
		return
	}
	c.later(ctx, func(ctx context.Context) membership.Event {
		outcome, revision, err := c.bucket.put(ctx, e.Key, e.Expect, data, false)
		if err != nil {
			c.log.Debug("write", slog.Any("error", err))
		}
		if outcome == membership.OK && e.Key == membership.ViewKey {
			c.announce(data)
		}
		return membership.Wrote{Op: e.Op, Outcome: outcome, Revision: revision}
	})
}

// announce tells clients that the view has changed; who misses it finds out by a call
// that is answered with "moved".
func (c *Cluster) announce(view []byte) {
	if err := c.cfg.NC.Publish(c.cfg.Cluster+".view.changed", view); err != nil {
		c.log.Debug("announce the view", slog.Any("error", err))
	}
}

func (c *Cluster) delete(ctx context.Context, e membership.Delete) {
	c.later(ctx, func(ctx context.Context) membership.Event {
		outcome, revision, err := c.bucket.put(ctx, e.Key, e.Expect, nil, true)
		if err != nil {
			c.log.Debug("delete", slog.Any("error", err))
		}
		if outcome == membership.OK {
			if err := c.bucket.purge(ctx, e.Key, revision); err != nil {
				c.log.Debug("purge", slog.Any("error", err))
			}
		}
		return membership.Wrote{Op: e.Op, Outcome: outcome, Revision: revision}
	})
}

func (c *Cluster) read(ctx context.Context, e membership.Read) {
	c.later(ctx, func(ctx context.Context) membership.Event {
		r, revision, err := c.bucket.get(ctx, e.Key)
		if unfit, ok := errors.AsType[*grain.Error](err); ok {
			return membership.Unfit{Err: unfit}
		}
		if err != nil {
			c.log.Debug("read", slog.Any("error", err))
			return membership.Had{Op: e.Op, Outcome: membership.Unknown}
		}
		return membership.Had{Op: e.Op, Outcome: membership.OK, Revision: revision, Record: r}
	})
}

func (c *Cluster) takeGeneration(ctx context.Context) {
	c.later(ctx, func(ctx context.Context) membership.Event {
		value, err := c.cfg.Generation(ctx)
		if err != nil {
			// It is asked for by who wants to join, and without a store there is no use in
			// that: whoever joins tells why not, and may try again.
			return membership.Unfit{Err: fmt.Errorf("take a generation in the store: %w", err)}
		}
		return membership.Generation{Value: value}
	})
}

// list tells the node of keys that nobody announces any more: the dead's.
func (c *Cluster) list(ctx context.Context) {
	c.ops.Go(func() {
		ctx, cancel := context.WithTimeout(ctx, c.timeout())
		defer cancel()
		keys, err := c.bucket.keys(ctx)
		if err != nil {
			c.log.Debug("list", slog.Any("error", err))
			return
		}
		for _, key := range keys {
			r, revision, err := c.bucket.get(ctx, key)
			if err == nil && revision != 0 {
				c.Tell(membership.Seen{Key: key, Revision: revision, Record: r})
			}
		}
	})
}
