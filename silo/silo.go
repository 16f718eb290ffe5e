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
	"github.com/teff-dev/teff/internal/cluster"
	"github.com/teff-dev/teff/internal/core/membership"
	"github.com/teff-dev/teff/internal/rig"
	"github.com/teff-dev/teff/internal/route"
	"github.com/teff-dev/teff/internal/wire"
	"github.com/teff-dev/teff/persistence"
	"github.com/teff-dev/teff/persistence/badgerstore"
)

// A Silo hosts grains. It is a [grain.Caller] for the program around it.
type Silo struct {
	cfg     Config
	log     *slog.Logger
	names   wire.Names
	started time.Time // zero of the silo's clock
	boot    *cluster.Clock
	rig     *rig.Rig
	present atomic.Pointer[incarnation] // what it is to the others now

	types   map[string]*hosted
	sorted  []*hosted // by type
	workers *workers
	room    sync.Mutex // held while the coldest are looked for

	store    persistence.Store
	ownStore bool
	storeID  string      // names the store, where it is this silo's alone
	dir      *dataDir    // nil: nothing is kept there
	reaped   []string    // earlier incarnations that are known to be gone
	server   *bus.Server // nil: an outside one
	nc       *nats.Conn
	heart    *nats.Conn // for membership alone: a heartbeat must not wait behind calls
	mux      *bus.Mux
	router   *route.Router
	subs     []*nats.Subscription
	services []micro.Service
	proxies  chan struct{} // a place for each call that is passed on
	passing  sync.WaitGroup

	draining atomic.Bool // no new calls from outside
	shut     atomic.Bool // no calls at all
	revoked  atomic.Bool // turns that still run may neither commit nor answer
	stopOnce sync.Once
	stopErr  error
	stopped  chan struct{} // closed when background work shall end
	left     chan struct{} // closed when an administrator has drained it
	leftOnce sync.Once
	lifetime context.Context //nolint:containedctx // of what goes on in the background; ends with end
	end      context.CancelFunc
	wg       sync.WaitGroup
	closing  sync.Mutex // held while wg grows, or is closed to more
	closed   bool

	live           atomic.Int64 // activations that are not ending
	panics         atomic.Int64
	oneWayErrors   atomic.Int64
	refusedReplies atomic.Int64
	rejoins        atomic.Int64
	fences         atomic.Int64 // commits that the store refused, a newer owner's fence being there
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
	s := &Silo{
		cfg: cfg, names: names, log: cfg.Logger, rig: rig.From(ctx),
		boot:    cluster.NewClock(),
		stopped: make(chan struct{}), left: make(chan struct{}),
		proxies: make(chan struct{}, maxProxies),
	}
	if s.rig.Clock != nil {
		s.boot = s.rig.Clock
	}
	s.started = time.Now().Add(-s.boot.Awake(s.boot.Now()))
	s.lifetime, s.end = context.WithCancel(context.Background())
	s.workers = newWorkers(s)
	s.host()
	s.names = names.Knowing(s.typeNames()...)
	for _, step := range []func(context.Context) error{s.openDir, s.connect, s.awaitMesh, s.openStore, s.join, s.listen} {
		if err := step(ctx); err != nil {
			s.release()
			return nil, fmt.Errorf("start silo: %w", err)
		}
	}
	s.wg.Go(func() { s.workers.watch(s.stopped) })
	s.wg.Go(func() { s.collect(s.stopped) })
	s.rig.Kill = s.kill
	return s, nil
}

// host prepares the types that are hosted.
func (s *Silo) host() {
	s.types = make(map[string]*hosted, len(s.cfg.Grains))
	for _, k := range s.cfg.Grains {
		h := newHosted(s, grain.SpecOf(k))
		s.types[k.Type()] = h
		s.sorted = append(s.sorted, h)
	}
	slices.SortFunc(s.sorted, func(a, b *hosted) int {
		return strings.Compare(a.kind.Service.Type, b.kind.Service.Type)
	})
}

// clock is the time since the silo's start, in nanoseconds, unmoved by wall clocks.
func (s *Silo) clock() int64 { return int64(s.boot.Now()) }

// at is what time it is when the clock says so, as contexts' deadlines have it.
func (s *Silo) at(clock int64) time.Time {
	return s.started.Add(s.boot.Awake(membership.Time(clock)))
}

// in is the time d from now. It reads half as much as time.Now would.
func (s *Silo) in(d time.Duration) time.Time { return s.started.Add(time.Since(s.started) + d) }

// openDir takes the data directory, where anything of this silo's is kept.
func (s *Silo) openDir(context.Context) error {
	badger := s.cfg.Store == nil && s.cfg.OpenStore == nil
	embeds := s.cfg.NATS == "" && s.rig.Server == nil
	if !badger && !embeds {
		return nil
	}
	dir, err := openDataDir(s.cfg.DataDir)
	if err != nil {
		return err
	}
	s.dir = dir
	s.reaped = dir.incarnations()
	return nil
}

// openStore opens the store. Where it is this silo's own, the directory names it.
func (s *Silo) openStore(ctx context.Context) error {
	var err error
	switch {
	case s.cfg.Store != nil:
		s.store = s.cfg.Store
		return nil
	case s.cfg.OpenStore != nil:
		s.store, err = s.cfg.OpenStore(ctx, s.nc, s.cfg.Cluster)
	default:
		if s.storeID, err = s.dir.storeID(); err != nil {
			return err
		}
		s.store, err = badgerstore.Open(filepath.Join(s.cfg.DataDir, "badger"), badgerstore.Options{Logger: s.log})
	}
	if err != nil {
		s.store = nil
		return err
	}
	s.ownStore = true
	return nil
}

// remember writes down who this process is to the cluster, for the one that comes after it
// in the same directory: it then knows that this one is gone.
func (s *Silo) remember(incarnation string) {
	if s.dir == nil {
		return
	}
	if err := s.dir.add(incarnation); err != nil {
		s.log.Warn("cannot write down this silo's name: after a crash it is waited for", slog.Any("error", err))
	}
}

// connect starts the embedded server, unless an outside one is given, and connects.
func (s *Silo) connect(context.Context) error {
	s.server = s.rig.Server
	o := bus.Options{URL: s.cfg.NATS, Server: s.server, Name: "teff silo " + s.cfg.Name, Logger: s.log, Extra: s.cfg.NATSOptions}
	if s.cfg.NATS == "" && s.server == nil {
		from, to := s.names.PartitionMapping(uint32(s.cfg.Partitions))
		options := bus.ServerOptions{
			Listen:   s.cfg.Listen,
			StoreDir: filepath.Join(s.cfg.DataDir, "nats"),
			Name:     "teff-" + rand.Text()[:12],
			Logger:   s.log,
			MapFrom:  from,
			MapTo:    to,
			TLS:      s.cfg.ListenTLS,
			Mesh:     s.cfg.mesh(),
		}
		if options.Mesh != nil {
			options.Name = options.Mesh.Node
		}
		srv, err := bus.StartServer(options)
		if err != nil {
			return err
		}
		s.server, o.Server = srv, srv
	}
	var err error
	if s.nc, err = bus.Connect(o); err != nil {
		return err
	}
	o.Name += " (membership)"
	if s.heart, err = bus.Connect(o); err != nil {
		return err
	}
	if s.mux, err = bus.NewMux(s.nc); err != nil {
		return err
	}
	s.router = route.New(s.nc, s.mux, s.names, s.cfg.CallTimeout)
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
	s.end()
	s.passing.Wait()
	for _, m := range s.services {
		if err := m.Stop(); err != nil {
			s.log.Warn("stop discovery", slog.Any("error", err))
		}
	}
	if inc := s.present.Load(); inc != nil {
		inc.leave()
	}
	if s.ownStore {
		if err := s.store.Close(); err != nil {
			s.log.Error("close the store", slog.Any("error", err))
		}
	}
	if s.mux != nil {
		_ = s.mux.Close() // its subscription goes with the connection
	}
	if s.heart != nil {
		s.heart.Close()
	}
	if s.nc != nil {
		if err := s.flush(); err != nil {
			s.log.Warn("flush the last answers", slog.Any("error", err))
		}
		s.nc.Close()
	}
	if s.server != nil && s.server != s.rig.Server {
		s.server.Leave()
	}
	if s.dir != nil {
		s.dir.close()
	}
}

// flush waits until the server has the last answers. Without a connection there is none to
// wait for: nothing was buffered.
func (s *Silo) flush() error {
	if !s.nc.IsConnected() {
		return nil
	}
	return s.nc.FlushTimeout(time.Second)
}

// background runs f in a goroutine that Stop waits for, or not at all once Stop does.
func (s *Silo) background(f func()) {
	s.closing.Lock()
	defer s.closing.Unlock()
	if !s.closed {
		s.wg.Go(f)
	}
}

func (s *Silo) awaitBackground() {
	s.closing.Lock()
	s.closed = true
	s.closing.Unlock()
	s.wg.Wait()
}

// Left is closed when an administrator has drained the silo: it hosts nothing any more,
// and should be stopped.
func (s *Silo) Left() <-chan struct{} { return s.left }
