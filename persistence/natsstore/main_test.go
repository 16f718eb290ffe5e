package natsstore

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"go.uber.org/goleak"

	"github.com/teff-dev/teff/persistence"
	"github.com/teff-dev/teff/persistence/storetest"
)

// The suite runs three times, and each commit is a batch that the server makes a directory
// for: fewer random histories than usual, unless somebody asks for more.
func TestMain(m *testing.M) {
	flag.Parse()
	asked := false
	flag.Visit(func(f *flag.Flag) { asked = asked || f.Name == "rapid.checks" })
	if !asked {
		if err := flag.Set("rapid.checks", "10"); err != nil {
			panic(err)
		}
	}
	goleak.VerifyTestMain(m)
}

// startServer starts a server with JetStream that ends with the test. It keeps its files
// in memory where it can: what a power cut leaves is JetStream's business, and syncing
// is most of the time that these tests would take.
func startServer(t testing.TB, change func(*server.Options)) *server.Server {
	t.Helper()
	opts := &server.Options{
		Host: "127.0.0.1", Port: server.RANDOM_PORT, NoSigs: true, NoLog: true,
		JetStream: true, StoreDir: fastDir(t),
	}
	if change != nil {
		change(opts)
	}
	srv, err := server.NewServer(opts)
	if err != nil {
		t.Fatal(err)
	}
	srv.Start()
	t.Cleanup(func() {
		srv.Shutdown()
		srv.WaitForShutdown()
	})
	if !srv.ReadyForConnections(20 * time.Second) {
		t.Fatal("the server is not ready")
	}
	return srv
}

func fastDir(t testing.TB) string {
	dir, err := os.MkdirTemp("/dev/shm", "natsstore-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// startCluster starts three servers that are one JetStream cluster.
func startCluster(t testing.TB, changes ...func(*server.Options)) []*server.Server {
	t.Helper()
	var ports []int
	for range 3 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		ports = append(ports, l.Addr().(*net.TCPAddr).Port)
		l.Close()
	}
	var routes []*url.URL
	for _, p := range ports {
		routes = append(routes, &url.URL{Scheme: "nats", Host: fmt.Sprint("127.0.0.1:", p)})
	}
	var servers []*server.Server
	for i, p := range ports {
		servers = append(servers, startServer(t, func(o *server.Options) {
			o.ServerName = fmt.Sprint("s", i)
			o.Cluster = server.ClusterOpts{Name: "test", Host: "127.0.0.1", Port: p}
			o.Routes = routes
			for _, change := range changes {
				change(o)
			}
		}))
	}
	waitFor(t, func() bool {
		for _, s := range servers {
			if !s.JetStreamIsCurrent() {
				return false
			}
		}
		return true
	})
	return servers
}

func connect(t testing.TB, srv *server.Server, options ...nats.Option) *nats.Conn {
	t.Helper()
	nc, err := nats.Connect(srv.ClientURL(), append([]nats.Option{nats.MaxReconnects(-1), nats.ReconnectWait(50 * time.Millisecond)}, options...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	return nc
}

// openOn opens a store that is closed when the test ends, if not before.
func openOn(t testing.TB, nc *nats.Conn, opts Options, h hooks) *Store {
	t.Helper()
	if opts.Cluster == "" {
		opts.Cluster = "test"
	}
	s, err := open(t.Context(), nc, opts, h)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// waitFor returns when cond holds.
func waitFor(t testing.TB, cond func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !cond(); runtime.Gosched() {
		if time.Now().After(deadline) {
			t.Fatal("it never came to be")
		}
	}
}

// clusterOf makes a cluster's name of a test's directory.
func clusterOf(dir string) string {
	return "c" + strings.ToLower(filepath.Base(filepath.Dir(dir))[len(filepath.Base(filepath.Dir(dir)))-10:]) + filepath.Base(dir)
}

func traits(nc *nats.Conn) storetest.Traits {
	return storetest.Traits{Durable: true, MaxRecord: valueLimit(nc)}
}

func TestConformance(t *testing.T) {
	nc := connect(t, startServer(t, nil))
	storetest.Run(t, func(t *testing.T, dir string) persistence.Store {
		return openOn(t, nc, Options{Cluster: clusterOf(dir)}, hooks{})
	}, traits(nc))
}

// Several silos' stores in turn are one store, on a stream of one replica.
func TestConformanceOfSilosTogether(t *testing.T) {
	srv := startServer(t, nil)
	conns := []*nats.Conn{connect(t, srv), connect(t, srv), connect(t, srv)}
	storetest.Run(t, func(t *testing.T, dir string) persistence.Store {
		var m multiple
		for _, nc := range conns {
			m.stores = append(m.stores, openOn(t, nc, Options{Cluster: clusterOf(dir)}, hooks{}))
		}
		return &m
	}, traits(conns[0]))
}

// A multiple has each call made by the next of several stores.
type multiple struct {
	stores []*Store
	calls  atomic.Uint64
}

func (m *multiple) next() *Store { return m.stores[m.calls.Add(1)%uint64(len(m.stores))] }

func (m *multiple) NextGeneration(ctx context.Context) (uint64, error) {
	return m.next().NextGeneration(ctx)
}

func (m *multiple) Claim(ctx context.Context, fence persistence.Fence, shards ...persistence.Shard) error {
	return m.next().Claim(ctx, fence, shards...)
}

func (m *multiple) Load(ctx context.Context, shard persistence.Shard, key persistence.Key) (persistence.Record, error) {
	return m.next().Load(ctx, shard, key)
}

func (m *multiple) Commit(ctx context.Context, shard persistence.Shard, fence persistence.Fence, writes ...persistence.Write) ([]persistence.Revision, error) {
	return m.next().Commit(ctx, shard, fence, writes...)
}

func (m *multiple) Delete(ctx context.Context, shard persistence.Shard, fence persistence.Fence, grain string) error {
	return m.next().Delete(ctx, shard, fence, grain)
}

func (m *multiple) List(ctx context.Context, query persistence.Query) (persistence.Page, error) {
	return m.next().List(ctx, query)
}

func (m *multiple) Close() error {
	var errs []error
	for _, s := range m.stores {
		errs = append(errs, s.Close())
	}
	return errors.Join(errs...)
}

var (
	testShard = persistence.Shard{Type: "natsstore.v1.Test", Partition: 3}
	testFence = persistence.Fence{Generation: 1, Since: 1}
)

func set(grain, value string) persistence.Write {
	return persistence.Write{Key: persistence.Key{Grain: grain}, Value: []byte(value)}
}

func mustCommit(t testing.TB, s *Store, writes ...persistence.Write) []persistence.Revision {
	t.Helper()
	revisions, err := s.Commit(context.Background(), testShard, testFence, writes...)
	if err != nil {
		t.Fatal(err)
	}
	return revisions
}
