//go:build linux

package faults

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/teff-dev/teff/internal/cluster"
	"github.com/teff-dev/teff/internal/rig"
	"github.com/teff-dev/teff/persistence"
	"github.com/teff-dev/teff/persistence/natsstore"
	"github.com/teff-dev/teff/silo"
)

// A node is a silo in a process of its own, with what its parent may tell it.
type node struct {
	spec childSpec
	wall atomic.Int64 // by how much the wall clock was set forward
	read atomic.Int64 // how often it was read since
	slow atomic.Int64
	down atomic.Bool
	late atomic.Int64 // by how much later everything from NATS arrives
}

// serveSilo is a child that is a silo, until SIGTERM drains it or its parent goes.
func serveSilo(spec childSpec) error {
	n := &node{spec: spec}
	terminated, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	s, err := n.start(terminated)
	if err != nil {
		return err
	}
	fmt.Println("ready")
	life, end := context.WithCancel(context.Background())
	defer end()
	for i := range spec.Local {
		go callLocally(life, s, i) // until the silo stops
	}
	orphaned := make(chan struct{})
	go func() { // until the process ends
		obey(os.Stdin, os.Stdout, n.do)
		close(orphaned)
	}()
	select {
	case <-terminated.Done():
		end()
		return s.Stop(context.Background())
	case <-orphaned:
		return nil
	}
}

func (n *node) start(ctx context.Context) (*silo.Silo, error) {
	log, err := os.OpenFile(filepath.Join(n.spec.Dir, n.spec.Name+".log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	zero := time.Now()
	clock := cluster.ClockFrom(func() (mono, wall time.Duration) {
		now := time.Now()
		n.read.Add(1)
		return now.Sub(zero), time.Duration(now.UnixNano()-zero.UnixNano()) + time.Duration(n.wall.Load())
	})
	trace, err := newTraceFile(filepath.Join(n.spec.Dir, n.spec.Name+".passes"), clock.Now)
	if err != nil {
		return nil, err
	}
	options := natsstore.Options{}
	if n.spec.Mesh != nil {
		options.Replicas = len(n.spec.Mesh.Nodes)
	}
	open := natsstore.Opener(options)
	cfg := silo.Config{
		Grains:       kinds(),
		Cluster:      n.spec.Cluster,
		Name:         n.spec.Name,
		NATS:         n.spec.NATS,
		NATSOptions:  []nats.Option{nats.SetCustomDialer(lateDialer{by: &n.late})},
		Heartbeat:    n.spec.Heartbeat,
		DrainTimeout: n.spec.Drain,
		Logger:       slog.New(slog.NewTextHandler(log, nil)),
		OpenStore: func(ctx context.Context, nc *nats.Conn, cluster string) (persistence.Store, error) {
			store, err := open(ctx, nc, cluster)
			return &ward{Store: store, slow: &n.slow, down: &n.down}, err
		},
	}
	if n.spec.Mesh != nil {
		n.spec.Mesh.embed(&cfg, n.spec)
		cfg.NATSOptions = nil // within the process there is nothing to dial
	}
	if n.spec.Heartbeat > 3*time.Second { // all is slower there: pings are, too
		cfg.NATSOptions = append(cfg.NATSOptions, nats.PingInterval(4*n.spec.Heartbeat))
	}
	return silo.Start(rig.With(ctx, &rig.Rig{Clock: clock, Pass: trace.write, Mutant: n.spec.Mutant}), cfg)
}

// do is what the parent may tell.
func (n *node) do(verb, arg string) error {
	switch verb {
	case "wall":
		d, err := time.ParseDuration(arg)
		was := n.wall.Swap(int64(d))
		if reads := n.read.Swap(0); was != 0 && reads == 0 {
			return errors.New("nobody has read the clock while it was set")
		}
		return err
	case "slow":
		d, err := time.ParseDuration(arg)
		n.slow.Store(int64(d))
		return err
	case "late":
		d, err := time.ParseDuration(arg)
		n.late.Store(int64(d))
		return err
	case "down":
		down, err := strconv.ParseBool(arg)
		n.down.Store(down)
		return err
	default:
		return fmt.Errorf("no such verb: %q", verb)
	}
}
