package silotest

import (
	"context"
	"sync"

	"github.com/nats-io/nats.go"

	"github.com/teff-dev/teff/internal/core/membership"
	"github.com/teff-dev/teff/internal/rig"
	"github.com/teff-dev/teff/silo"
)

// A host is a silo and what the test holds it by.
type host struct {
	cluster *Cluster
	cfg     silo.Config
	link    *link
	clock   *clock
	rig     *rig.Rig
	silo    *silo.Silo // nil: it did not start

	killing sync.WaitGroup

	// Guarded by the cluster's lock.
	incarnation string           // its newest
	view        *membership.View // as it has it
	state       state
}

// A state is what the test has done to a silo.
type state int

const (
	up     state = iota + 1
	paused       // it is to go on
	cut          // it is to be healed
	down         // stopped or killed
)

// newHost adds a silo that is not started yet.
func (c *Cluster) newHost(edits []func(*silo.Config)) *host {
	c.mu.Lock()
	defer c.mu.Unlock()
	h := &host{
		cluster: c,
		cfg:     c.config(len(c.hosts), edits),
		link:    &link{trunk: c.trunk},
		clock:   newClock(),
		state:   down,
	}
	h.rig = &rig.Rig{Clock: h.clock.silo(), Changed: h.changed, Server: c.server}
	h.cfg.NATS = ""
	h.cfg.NATSOptions = []nats.Option{nats.InProcessServer(h.link)}
	c.hosts = append(c.hosts, h)
	return h
}

// host finds a silo's.
func (c *Cluster) host(i int) *host {
	c.t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	if i < 0 || i >= len(c.hosts) {
		c.t.Fatalf("silotest: there is no silo %d, there have been %d", i, len(c.hosts))
	}
	return c.hosts[i]
}

func (h *host) start() error {
	s, err := silo.Start(rig.With(context.Background(), h.rig), h.cfg)
	if err != nil {
		return err
	}
	h.silo = s
	h.become(up)
	return nil
}

// changed implements rig.Rig's.
func (h *host) changed(incarnation string, v *membership.View) {
	c := h.cluster
	c.mu.Lock()
	defer c.mu.Unlock()
	h.incarnation, h.view = incarnation, v
	c.wakeLocked()
}

// become notes what has been done to the silo, and returns what it was before.
func (h *host) become(s state) state {
	c := h.cluster
	c.mu.Lock()
	defer c.mu.Unlock()
	was := h.state
	h.state = s
	c.wakeLocked()
	return was
}

// wakeLocked wakes those who wait for a change.
func (c *Cluster) wakeLocked() {
	close(c.changed)
	c.changed = make(chan struct{})
}

// stop stops the silo in order, if that has not been done.
func (h *host) stop(ctx context.Context) error {
	if h.silo == nil {
		return nil
	}
	h.killing.Wait()
	h.clock.release()
	h.link.release()
	err := h.silo.Stop(ctx)
	h.become(down)
	return err
}

// kill ends the silo without a word.
func (h *host) kill() {
	if h.become(down) == down {
		return
	}
	h.link.sever() // first: nothing of what follows is heard
	h.clock.end()
	h.link.release()
	h.killing.Go(h.rig.Kill)
}
