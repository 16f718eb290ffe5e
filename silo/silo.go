package silo

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/micro"

	"github.com/teff-dev/teff/grain"
	"github.com/teff-dev/teff/internal/bus"
	"github.com/teff-dev/teff/internal/release"
	"github.com/teff-dev/teff/internal/wire"
	"github.com/teff-dev/teff/persistence"
	"github.com/teff-dev/teff/persistence/badgerstore"
	teffv1 "github.com/teff-dev/teff/protos/teff/v1"
)

// A Silo hosts grains. It is a [grain.Caller] for the program around it.
type Silo struct {
	cfg     Config
	log     *slog.Logger
	names   wire.Names
	member  *teffv1.Member
	started time.Time // zero of the silo's clock

	types   map[string]*hosted
	sorted  []*hosted // by type
	workers *workers
	room    sync.Mutex // held while the coldest are looked for

	store    persistence.Store
	ownStore bool
	shards   *shards
	server   *bus.Server // nil: an outside one
	nc       *nats.Conn
	subs     []*nats.Subscription
	services []micro.Service

	draining atomic.Bool // no new calls from outside
	shut     atomic.Bool // no calls at all
	revoked  atomic.Bool // turns that still run may neither commit nor answer
	stopOnce sync.Once
	stopErr  error
	stopped  chan struct{} // closed when background work shall end
	wg       sync.WaitGroup

	live           atomic.Int64 // activations that are not ending
	panics         atomic.Int64
	oneWayErrors   atomic.Int64
	refusedReplies atomic.Int64
}

// Start starts a silo and returns when it serves. What is wrong with the configuration
// is CodeInvalidArgument; a data directory or address in use, a NATS server that cannot
// be reached, or another silo in the cluster is told in a sentence. After an error
// nothing is left running.
func Start(ctx context.Context, cfg Config) (*Silo, error) {
	cfg = cfg.withDefaults()
	if err := cfg.check(); err != nil {
		return nil, err
	}
	names, err := wire.NewNames(cfg.Cluster)
	if err != nil {
		return nil, err
	}
	s := &Silo{cfg: cfg, names: names, started: time.Now(), stopped: make(chan struct{})}
	s.member = &teffv1.Member{Incarnation: newIncarnation(), Name: cfg.Name, Release: release.Version}
	s.log = cfg.Logger.With(slog.String("silo", s.member.Incarnation))
	s.workers = newWorkers(s)
	s.types = make(map[string]*hosted, len(cfg.Grains))
	for _, k := range cfg.Grains {
		h := newHosted(s, grain.SpecOf(k))
		s.types[k.Type()] = h
		s.sorted = append(s.sorted, h)
	}
	slices.SortFunc(s.sorted, func(a, b *hosted) int {
		return strings.Compare(a.kind.Service.Type, b.kind.Service.Type)
	})
	for _, h := range s.sorted {
		s.member.Types = append(s.member.Types, h.kind.Service.Type)
	}
	s.names = names.Knowing(s.member.Types...)
	for _, step := range []func(context.Context) error{s.openStore, s.connect, s.checkAlone, s.listen} {
		if err := step(ctx); err != nil {
			s.release()
			return nil, fmt.Errorf("start silo: %w", err)
		}
	}
	s.wg.Go(func() { s.workers.watch(s.stopped) })
	s.wg.Go(func() { s.collect(s.stopped) })
	return s, nil
}

// newIncarnation names this run of the silo, never used again.
func newIncarnation() string { return rand.Text()[:20] }

// clock is the time since the silo's start, in nanoseconds, unmoved by wall clocks.
func (s *Silo) clock() int64 { return int64(time.Since(s.started)) }

// at is what time it was when the clock said so.
func (s *Silo) at(clock int64) time.Time { return s.started.Add(time.Duration(clock)) }

// openStore opens the store and takes a new generation: from now on, what an earlier
// process of this silo left in flight is fenced off.
func (s *Silo) openStore(ctx context.Context) error {
	s.store = s.cfg.Store
	if s.store == nil {
		b, err := badgerstore.Open(filepath.Join(s.cfg.DataDir, "badger"), badgerstore.Options{Logger: s.log})
		if err != nil {
			return err
		}
		s.store, s.ownStore = b, true
	}
	generation, err := s.store.NextGeneration(ctx)
	if err != nil {
		return fmt.Errorf("take a generation in the store: %w", err)
	}
	s.shards = &shards{store: s.store, fence: persistence.Fence{Generation: generation, Since: 1}}
	return nil
}

// connect starts the embedded server, unless an outside one is given, and connects.
func (s *Silo) connect(context.Context) error {
	o := bus.Options{URL: s.cfg.NATS, Name: "teff silo " + s.cfg.Name, Logger: s.log, Extra: s.cfg.NATSOptions}
	if s.cfg.NATS == "" {
		from, to := s.names.PartitionMapping(uint32(s.cfg.Partitions))
		srv, err := bus.StartServer(bus.ServerOptions{
			Listen:   s.cfg.Listen,
			StoreDir: filepath.Join(s.cfg.DataDir, "nats"),
			Name:     "teff-" + s.member.Incarnation,
			Logger:   s.log,
			MapFrom:  from,
			MapTo:    to,
		})
		if err != nil {
			return err
		}
		s.server, o.Server = srv, srv
	}
	nc, err := bus.Connect(o)
	if err != nil {
		return err
	}
	s.nc = nc
	return nil
}

// URL is the NATS server that the silo is connected to, without credentials.
func (s *Silo) URL() string {
	if s.server != nil {
		return s.server.URL()
	}
	return s.nc.ConnectedUrlRedacted()
}

// release lets go of what Start or Stop holds, in the opposite order.
func (s *Silo) release() {
	for _, m := range s.services {
		if err := m.Stop(); err != nil {
			s.log.Warn("stop discovery", slog.Any("error", err))
		}
	}
	if s.nc != nil {
		if err := s.nc.FlushTimeout(time.Second); err != nil {
			s.log.Warn("flush the last answers", slog.Any("error", err))
		}
		s.nc.Close()
	}
	if s.server != nil {
		s.server.Stop()
	}
	if s.ownStore {
		if err := s.store.Close(); err != nil {
			s.log.Error("close the store", slog.Any("error", err))
		}
	}
}
