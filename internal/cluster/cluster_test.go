package cluster_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/teff-dev/teff/internal/bus"
	"github.com/teff-dev/teff/internal/cluster"
	"github.com/teff-dev/teff/internal/core/activation"
	"github.com/teff-dev/teff/internal/core/membership"
	teffv1 "github.com/teff-dev/teff/protos/teff/v1"
)

func quiet() *slog.Logger { return slog.New(slog.NewTextHandler(io.Discard, nil)) }

// A host remembers what it is told, and drains what is sealed at once.
type host struct {
	gate  activation.Gate
	clock *cluster.Clock

	mu    sync.Mutex
	c     *cluster.Cluster
	ready chan struct{}
	owned map[membership.Shard]uint64
	view  *membership.View
	ended chan error
	moved chan struct{} // of one: something changed
}

func newHost() *host {
	return &host{
		clock: cluster.NewClock(),
		ready: make(chan struct{}),
		owned: make(map[membership.Shard]uint64),
		ended: make(chan error, 1),
		moved: make(chan struct{}, 1),
	}
}

func (h *host) Apply(e membership.Effect) {
	<-h.ready
	h.mu.Lock()
	defer h.mu.Unlock()
	switch e := e.(type) {
	case membership.Own:
		for _, s := range e.Shards {
			h.owned[s.Shard] = s.Since
		}
	case membership.Seal:
		var drained []membership.Shard
		for _, s := range e.Shards {
			drained = append(drained, s.Shard)
		}
		h.c.Tell(membership.Drained{Shards: drained})
	case membership.Lose:
		for _, s := range e.Shards {
			delete(h.owned, s)
		}
	}
}

func (h *host) Changed(v *membership.View) {
	h.mu.Lock()
	h.view = v
	h.mu.Unlock()
	select {
	case h.moved <- struct{}{}:
	default:
	}
}

func (h *host) Ended(err error) { h.ended <- err }

// patience is how long a test waits for what surely comes, on a machine that is busy.
const patience = 90 * time.Second

// until waits for views until cond holds.
func (h *host) until(t testing.TB, what string, cond func(v *membership.View, owned int) bool) {
	t.Helper()
	deadline := time.After(patience)
	for {
		h.mu.Lock()
		ok := h.view != nil && cond(h.view, len(h.owned))
		h.mu.Unlock()
		if ok {
			return
		}
		select {
		case <-h.moved:
		case <-deadline:
			h.mu.Lock()
			defer h.mu.Unlock()
			t.Fatalf("it never came to be: %s; the view is %+v", what, h.view)
		}
	}
}

// fast is a timing for tests on one machine.
func fast() cluster.Timing {
	return cluster.Timing{Heartbeat: 50 * time.Millisecond, Lease: 400 * time.Millisecond, Takeover: 480 * time.Millisecond}
}

type fixture struct {
	t      testing.TB
	server *bus.Server
	gen    uint64
	mu     sync.Mutex
}

func newFixture(t testing.TB) *fixture {
	t.Helper()
	server, err := bus.StartServer(bus.ServerOptions{Listen: "127.0.0.1:0", StoreDir: t.TempDir(), Logger: quiet()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Stop)
	return &fixture{t: t, server: server}
}

func (f *fixture) join(name string, partitions int, types ...string) (*cluster.Cluster, *host) {
	f.t.Helper()
	return f.joinAt(fast(), name, partitions, types...)
}

func (f *fixture) joinAt(timing cluster.Timing, name string, partitions int, types ...string) (*cluster.Cluster, *host) {
	f.t.Helper()
	nc, err := bus.Connect(bus.Options{Server: f.server, Name: name, Logger: quiet()})
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(nc.Close)
	h := newHost()
	c, err := cluster.Join(f.t.Context(), cluster.Config{
		NC: nc, Cluster: "test",
		Self:       &teffv1.Member{Incarnation: name, Name: "silo " + name, Types: types, Labels: map[string]string{"zone": "a"}},
		Partitions: partitions, Timing: timing, Settle: timing.Heartbeat,
		Clock: h.clock, Gate: &h.gate, Host: h, Logger: quiet(), ExemptFirst: true,
		Generation: func(context.Context) (uint64, error) {
			f.mu.Lock()
			defer f.mu.Unlock()
			f.gen++
			return f.gen, nil
		},
	})
	if err != nil {
		f.t.Fatal(err)
	}
	h.c = c
	close(h.ready)
	f.t.Cleanup(c.Close)
	return c, h
}

func settled(members int) func(*membership.View, int) bool {
	return func(v *membership.View, _ int) bool {
		if len(v.Members) != members || v.Tables["cart"] == nil {
			return false
		}
		owners := make(map[string]bool)
		for p, owner := range v.Tables["cart"].Owner {
			if owner == "" || v.Tables["cart"].Next[p] != "" {
				return false
			}
			owners[owner] = true
		}
		return len(owners) == members
	}
}

func TestSilosJoinLeaveAndCrash(t *testing.T) {
	f := newFixture(t)
	a, ha := f.join("A", 64, "cart")
	ha.until(t, "A owns all", settled(1))
	if !ha.gate.Open(ha.clock.Now()) {
		t.Error("A owns all and its gate is closed")
	}
	b, hb := f.join("B", 64, "cart")
	_, hc := f.join("C", 64, "cart", "room")
	for _, h := range []*host{ha, hb, hc} {
		h.until(t, "all three share", settled(3))
	}
	b.Tell(membership.Leave{})
	if err := <-hb.ended; err != nil {
		t.Errorf("B left with %v", err)
	}
	ha.until(t, "B has left", settled(2))
	a.Close() // a crash: nobody is told
	hc.until(t, "C has all", settled(1))
	hc.until(t, "C owns all", func(_ *membership.View, owned int) bool { return owned == 128 })
	if !hc.gate.Open(hc.clock.Now()) {
		t.Error("C's gate is closed")
	}
	record, err := cluster.EncodeView("test", hc.view)
	if err != nil || record.GetMembers()[0].GetName() != "silo C" || record.GetMembers()[0].GetLabels()["zone"] != "a" {
		t.Errorf("the record of the view is %v, %v", record, err)
	}
}

func TestAnotherNumberOfPartitionsIsRefused(t *testing.T) {
	f := newFixture(t)
	_, ha := f.join("A", 64, "cart")
	ha.until(t, "A owns all", settled(1))
	_, hb := f.join("B", 128, "cart")
	var wrong *membership.PartitionsError
	if err := <-hb.ended; !errors.As(err, &wrong) || wrong.Theirs != 64 {
		t.Errorf("B ended with %v", err)
	}
}

// Fifty silos settle from a cold start, at the timing of one NATS server.
func TestFiftyJoinAtOnce(t *testing.T) {
	f := newFixture(t)
	var hosts []*host
	for i := range 50 {
		_, h := f.joinAt(cluster.Single(), fmt.Sprintf("S%02d", i), 1024, "cart")
		hosts = append(hosts, h)
	}
	for _, h := range hosts {
		h.until(t, "all fifty share", settled(50))
	}
}

// What fifty silos' heartbeats cost, all of them and the NATS server in this process:
// CPU-seconds a second, once they have settled.
func BenchmarkFiftyHeartbeats(b *testing.B) {
	f := newFixture(b)
	var hosts []*host
	for i := range 50 {
		_, h := f.joinAt(cluster.Single(), fmt.Sprintf("S%02d", i), 1024, "cart")
		hosts = append(hosts, h)
	}
	for _, h := range hosts {
		h.until(b, "all fifty share", settled(50))
	}
	before := cpuTime(b)
	start := time.Now()
	for b.Loop() {
		<-time.After(5 * time.Second)
	}
	b.ReportMetric(100*float64(cpuTime(b)-before)/float64(time.Since(start)), "%core")
}

func cpuTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
