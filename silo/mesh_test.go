package silo_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/teff-dev/teff/grain"
	bankv1 "github.com/teff-dev/teff/samples/bank/bank/v1"
	"github.com/teff-dev/teff/samples/bank/bank/v1/bankv1teff"
	"github.com/teff-dev/teff/silo"
)

// A mesh is silos of one process whose embedded servers find each other by their routes.
type mesh struct {
	t     *testing.T
	peers []silo.Peer
	dir   string
	beat  time.Duration
	silos []*silo.Silo // nil: it is down
}

func newMesh(t *testing.T, peers int) *mesh {
	t.Helper()
	if testing.Short() {
		t.Skip("takes as long as three NATS servers on one machine do")
	}
	m := &mesh{t: t, dir: t.TempDir(), silos: make([]*silo.Silo, peers)}
	for i, address := range freeAddresses(t, peers) {
		m.peers = append(m.peers, silo.Peer{Name: fmt.Sprint("n", i), Route: "nats://" + address})
	}
	t.Cleanup(m.stop)
	return m
}

// freeAddresses are on loopback.
func freeAddresses(t *testing.T, n int) []string {
	t.Helper()
	var all []string
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		all = append(all, l.Addr().String())
	}
	return all
}

func (m *mesh) config(i int) silo.Config {
	node := fmt.Sprint("n", i)
	return silo.Config{
		Name: node, DataDir: filepath.Join(m.dir, node), Logger: quiet(), Heartbeat: m.beat,
		Grains: []grain.Kind{bankv1teff.AccountKind(newAccount)},
		Mesh:   &silo.Mesh{Node: node, Peers: m.peers, New: true},
	}
}

// start starts silos at the same time, and fails the test if one does not.
func (m *mesh) start(nodes ...int) {
	m.t.Helper()
	var wg sync.WaitGroup
	for _, i := range nodes {
		wg.Go(func() {
			s, err := silo.Start(m.t.Context(), m.config(i))
			if err != nil {
				m.t.Errorf("n%d: %v", i, err)
				return
			}
			m.silos[i] = s
		})
	}
	wg.Wait()
	if m.t.Failed() {
		m.t.FailNow()
	}
}

// stop stops whatever runs, all at once.
func (m *mesh) stop() {
	var wg sync.WaitGroup
	for i, s := range m.silos {
		wg.Go(func() {
			if err := s.Stop(context.Background()); err != nil {
				m.t.Errorf("stop n%d: %v", i, err)
			}
		})
		m.silos[i] = nil
	}
	wg.Wait()
}

func deposit(ctx context.Context, via grain.Caller, key string) (int64, error) {
	r, err := bankv1teff.AccountOf(via, key).Deposit(ctx, &bankv1.DepositRequest{Amount: 1})
	return r.GetBalance(), err
}

// deposits makes one deposit into each of many accounts, by way of one silo, and fails
// unless each has what it had and one more.
func (m *mesh) deposits(via int, want int64) {
	m.t.Helper()
	for k := range 30 {
		got, err := deposit(m.t.Context(), m.silos[via], fmt.Sprint("k", k))
		if err != nil || got != want {
			m.t.Fatalf("deposit to k%d by way of n%d: %d, %v, want %d", k, via, got, err, want)
		}
	}
}

// spread returns when each of the silos has some of the accounts.
func (m *mesh) spread(via int) {
	m.t.Helper()
	waitFor(m.t, func() bool {
		for k := range 30 {
			if _, err := deposit(m.t.Context(), m.silos[via], fmt.Sprint("s", k)); err != nil {
				m.t.Fatal(err)
			}
		}
		for _, s := range m.silos {
			if s != nil && silo.Activations(s, "bank.v1.Account") == 0 {
				return false
			}
		}
		return true
	})
}

func TestMeshForms(t *testing.T) {
	t.Parallel() // most of it is waiting for elections
	m := newMesh(t, 3)
	began := time.Now()
	m.start(0, 1, 2)
	t.Logf("started in %s", time.Since(began))
	m.spread(0)
	for via := range 3 {
		m.deposits(via, int64(via+1))
	}
	began = time.Now()
	m.stop()
	t.Logf("stopped together in %s", time.Since(began))
	began = time.Now()
	m.start(2, 1, 0)
	t.Logf("started again in %s", time.Since(began))
	m.deposits(0, 4)
}

// A silo that is none of the peers joins without keeping anything. With the three alone
// left, all is as it was.
func TestMeshTakesMoreSilosThanItsPeers(t *testing.T) {
	t.Parallel() // most of it is waiting for elections
	m := newMesh(t, 3)
	m.start(0, 1, 2)
	cfg := m.config(3)
	cfg.Mesh.Listen, cfg.Mesh.New = freeAddresses(t, 1)[0], false
	fourth, err := silo.Start(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	m.silos = append(m.silos, fourth)
	m.spread(3)
	m.deposits(3, 1)
	if _, err := os.Stat(filepath.Join(cfg.DataDir, "nats")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the fourth keeps records: %v", err)
	}
	began := time.Now()
	if err := fourth.Stop(t.Context()); err != nil {
		t.Error(err)
	}
	t.Logf("the fourth stopped in %s", time.Since(began))
	m.silos[3] = nil
	m.deposits(0, 2)
}

// While a silo is away, the next one that stops keeps its node of the mesh until the first
// is back: two of three must be there for anything to be written.
func TestMeshKeepsItsQuorumWhileSilosLeave(t *testing.T) {
	t.Parallel() // most of it is waiting for elections
	m := newMesh(t, 3)
	m.start(0, 1, 2)
	m.deposits(2, 1)
	if err := m.silos[0].Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	second, left := m.silos[1], make(chan error, 1)
	m.silos[0], m.silos[1] = nil, nil
	go func() { left <- second.Stop(context.Background()) }()
	waitFor(t, func() bool { return silo.Members(m.silos[2]) == 1 })
	want := int64(2)
	for began := time.Now(); time.Since(began) < 4*time.Second; want++ { // a node that does not wait stops in two
		m.deposits(2, want)
	}
	select {
	case err := <-left:
		t.Fatalf("the second silo has stopped, and there is one left of three: %v", err)
	default:
	}
	m.start(0)
	select {
	case err := <-left:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("the second silo does not stop although the first is back")
	}
	m.deposits(0, want)
}

// Who waits for the others says for whom.
func TestMeshSaysWhomItWaitsFor(t *testing.T) {
	t.Parallel() // most of it is waiting for elections
	m := newMesh(t, 3)
	var told logged
	cfg := m.config(0)
	cfg.Logger = slog.New(slog.NewTextHandler(&told, nil))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ended := make(chan error, 1)
	go func() {
		s, err := silo.Start(ctx, cfg)
		if err == nil {
			err = errors.Join(errors.New("it started"), s.Stop(context.Background()))
		}
		ended <- err
	}()
	n2 := strings.TrimPrefix(m.peers[2].Route, "nats://")
	waitFor(t, func() bool { return strings.Contains(told.String(), "waiting for peers n1 (") })
	cancel()
	err := <-ended
	if wantCode(t, err, grain.CodeUnavailable); !containsAll(err.Error(), "waiting for peers n1 (", "n2 ("+n2+")") {
		t.Errorf("it says %v", err)
	}
}

func TestStartSaysWhatIsWrongWithTheMesh(t *testing.T) {
	peers := []silo.Peer{{Name: "a", Route: "nats://127.0.0.1:6222"}, {Name: "b", Route: "nats://127.0.0.1:6223"}, {Name: "c", Route: "nats://127.0.0.1:6224"}}
	for name, c := range map[string]struct {
		cfg  silo.Config
		says []string
	}{
		"no node":      {silo.Config{Mesh: &silo.Mesh{Peers: peers}}, []string{"Config.Mesh.Node", "after each restart"}},
		"no peers":     {silo.Config{Mesh: &silo.Mesh{Node: "a"}}, []string{"Config.Mesh.Peers is empty", "first three"}},
		"two alike":    {silo.Config{Mesh: &silo.Mesh{Node: "a", Peers: append(peers, peers[0])}}, []string{`"a"`, "twice"}},
		"a bad name":   {silo.Config{Mesh: &silo.Mesh{Node: "a b", Peers: peers}}, []string{`"a b"`, "letters"}},
		"a bad route":  {silo.Config{Mesh: &silo.Mesh{Node: "a", Peers: []silo.Peer{{Name: "a", Route: "nats://127.0.0.1:6222"}, {Name: "b", Route: "nats://u:secret@h"}}}}, []string{"peer b", "nats://HOST:PORT"}},
		"a stranger":   {silo.Config{Mesh: &silo.Mesh{Node: "d", Peers: peers}}, []string{"Config.Mesh.Listen", `"d"`}},
		"one of one":   {silo.Config{Mesh: &silo.Mesh{Node: "d", Peers: peers[:1]}}, []string{"mesh of one"}},
		"outside NATS": {silo.Config{NATS: "nats://127.0.0.1:4222", Mesh: &silo.Mesh{Node: "a", Peers: peers}}, []string{"Config.NATS", "one of them"}},
		"replicas":     {silo.Config{Replicas: 3, Mesh: &silo.Mesh{Node: "a", Peers: peers[:2]}}, []string{"Config.Replicas is 3", "at most 1"}},
	} {
		t.Run(name, func(t *testing.T) {
			c.cfg.DataDir = t.TempDir()
			err := startFails(t, c.cfg)
			if wantCode(t, err, grain.CodeInvalidArgument); !containsAll(err.Error(), c.says...) || strings.Contains(err.Error(), "secret") {
				t.Errorf("it says %q, want %q", err, c.says)
			}
		})
	}
}

// A restart of one silo after the other costs nobody a call, and no record.
func TestMeshRollingRestart(t *testing.T) {
	m := newMesh(t, 3)
	m.start(0, 1, 2)
	m.silos = append(m.silos, nil)
	var silos [3]atomic.Pointer[silo.Silo]
	for i := range silos {
		silos[i].Store(m.silos[i])
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var done, failed atomic.Int64
	var balances [8]atomic.Int64
	var wg sync.WaitGroup
	for c := range balances {
		wg.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				s := silos[(c+n)%3].Load()
				if s == nil {
					continue
				}
				got, err := deposit(context.Background(), s, fmt.Sprint("c", c))
				if err != nil {
					if failed.Add(1) < 5 {
						t.Logf("%v", err)
					}
					continue
				}
				done.Add(1)
				if want := balances[c].Add(1); got != want {
					t.Errorf("c%d has %d, want %d", c, got, want)
					balances[c].Store(got)
				}
			}
		})
	}
	for i := range 3 {
		began := time.Now()
		silos[i].Store(nil)
		if err := m.silos[i].Stop(t.Context()); err != nil {
			t.Errorf("stop n%d: %v", i, err)
		}
		stopped := time.Since(began)
		m.silos[i] = nil
		began = time.Now()
		m.start(i)
		silos[i].Store(m.silos[i])
		t.Logf("n%d stopped in %s, started in %s", i, stopped, time.Since(began))
	}
	cancel()
	wg.Wait()
	t.Logf("%d calls", done.Load())
	if failed.Load() > 0 || done.Load() == 0 {
		t.Errorf("%d calls failed of %d", failed.Load(), failed.Load()+done.Load())
	}
}
