package silotest

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"sync"
	"testing"

	"github.com/nats-io/nats.go"

	"github.com/teff-dev/teff/client"
	"github.com/teff-dev/teff/internal/bus"
	"github.com/teff-dev/teff/internal/core/membership"
	"github.com/teff-dev/teff/internal/rig"
	"github.com/teff-dev/teff/internal/wire"
	"github.com/teff-dev/teff/persistence"
	"github.com/teff-dev/teff/persistence/memstore"
	"github.com/teff-dev/teff/silo"
)

// A Cluster is silos of one process. Its methods may be called from several goroutines;
// those that fail a test want to be called from the test's own.
type Cluster struct {
	t        testing.TB
	settings settings
	name     string // the cluster's
	mapping  [2]string
	store    persistence.Store
	dir      string // NATS's files
	trunk    *trunk
	server   *bus.Server // nil: it is stopped

	mu      sync.Mutex
	hosts   []*host
	client  *client.Client
	refresh func(context.Context) (*membership.View, error) // the client's view
	nc      *nats.Conn
	changed chan struct{} // closed, and made anew, when anything has changed
}

// New starts a cluster, and returns when it has settled. The end of the test stops it.
func New(t testing.TB, opts ...Option) *Cluster {
	t.Helper()
	c := &Cluster{
		t:        t,
		settings: settings{silos: 3, heartbeat: defaultHeartbeat},
		store:    memstore.New(),
		trunk:    new(trunk),
		dir:      t.TempDir(),
		changed:  make(chan struct{}),
	}
	for _, opt := range opts {
		opt(&c.settings)
	}
	if c.settings.silos < 1 {
		t.Fatalf("silotest: Silos(%d): there is at least one", c.settings.silos)
	}
	c.learn()
	t.Cleanup(c.close)
	c.StartNATS()
	c.start(c.settings.silos)
	ctx, cancel := context.WithTimeout(t.Context(), settleWait)
	defer cancel()
	c.WaitSettled(ctx)
	return c
}

// learn finds out what the silos' configuration says about the cluster.
func (c *Cluster) learn() {
	c.t.Helper()
	cfg := c.config(0, nil)
	if c.name = cfg.Cluster; c.name == "" {
		c.name = "teff"
	}
	n, err := wire.NewNames(c.name)
	if err != nil {
		c.t.Fatalf("silotest: %v", err)
	}
	c.mapping[0], c.mapping[1] = n.PartitionMapping(uint32(cfg.Partitions))
}

// start starts n silos, one after the other: those that join at the same time are in each
// other's way.
func (c *Cluster) start(n int) {
	c.t.Helper()
	for range n {
		h := c.newHost(nil)
		if err := h.start(); err != nil {
			c.t.Fatalf("silotest: %s: %v", h.cfg.Name, err)
		}
	}
}

// config is what a silo starts with.
func (c *Cluster) config(i int, edits []func(*silo.Config)) silo.Config {
	cfg := silo.Config{
		Name:       fmt.Sprintf("silo-%d", i),
		Grains:     c.settings.grains,
		Store:      c.store,
		Partitions: 1024,
		Heartbeat:  c.settings.heartbeat,
		Logger:     slog.New(slog.DiscardHandler),
	}
	for _, edit := range c.settings.edits {
		edit(&cfg)
	}
	for _, edit := range edits {
		edit(&cfg)
	}
	if cfg.OpenStore != nil {
		cfg.Store = nil
	}
	return cfg
}

// Silo is a silo, counted from 0, whatever became of it. It is a [grain.Caller].
func (c *Cluster) Silo(i int) *silo.Silo {
	c.t.Helper()
	return c.host(i).silo
}

// Len is how many silos there have been.
func (c *Cluster) Len() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.hosts)
}

// Client is a client of the cluster's, the same at each call.
func (c *Cluster) Client() *client.Client {
	c.t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.client == nil {
		var err error
		held := new(rig.Rig)
		c.client, err = client.Connect(rig.With(c.t.Context(), held), client.Config{
			Cluster:     c.name,
			NATSOptions: []nats.Option{nats.InProcessServer(c.trunk)},
			Logger:      slog.New(slog.DiscardHandler),
		})
		if err != nil {
			c.t.Fatalf("silotest: %v", err)
		}
		c.refresh = held.Refresh
	}
	return c.client
}

// NATS is a plain connection to the cluster's server, the same at each call: a caller
// that knows no more than the wire's contract.
func (c *Cluster) NATS() *nats.Conn {
	c.t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.nc == nil {
		var err error
		c.nc, err = bus.Connect(bus.Options{
			Name:   "silotest",
			Logger: slog.New(slog.DiscardHandler),
			Extra:  []nats.Option{nats.InProcessServer(c.trunk)},
		})
		if err != nil {
			c.t.Fatalf("silotest: %v", err)
		}
	}
	return c.nc
}

// StopNATS stops the server, as a crash of its machine would; its files stay.
func (c *Cluster) StopNATS() {
	c.trunk.lead(nil)
	if server := c.serve(nil); server != nil {
		server.Stop()
	}
}

// serve notes which server runs, and returns which did.
func (c *Cluster) serve(now *bus.Server) (before *bus.Server) {
	c.mu.Lock()
	defer c.mu.Unlock()
	before, c.server = c.server, now
	return before
}

// StartNATS starts it again where it is stopped.
func (c *Cluster) StartNATS() {
	c.t.Helper()
	c.mu.Lock()
	runs := c.server != nil
	c.mu.Unlock()
	if runs {
		return
	}
	server, err := bus.StartServer(bus.ServerOptions{
		Private:  true,
		StoreDir: c.dir,
		Unsynced: true,
		Name:     "silotest-" + rand.Text()[:12],
		Logger:   slog.New(slog.DiscardHandler),
		MapFrom:  c.mapping[0],
		MapTo:    c.mapping[1],
	})
	if err != nil {
		c.t.Fatalf("silotest: %v", err)
	}
	c.serve(server)
	c.trunk.lead(server)
}

// close ends the cluster with the test.
func (c *Cluster) close() {
	c.StartNATS() // silos leave in order
	var all sync.WaitGroup
	for i := range c.Len() {
		h := c.host(i)
		all.Go(func() {
			if err := h.stop(context.Background()); err != nil {
				c.t.Errorf("silotest: %s: %v", h.cfg.Name, err)
			}
		})
	}
	all.Wait()
	c.mu.Lock()
	c.client.Close()
	if c.nc != nil {
		c.nc.Close()
	}
	c.mu.Unlock()
	c.StopNATS()
}
