package silo_test

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"google.golang.org/protobuf/proto"

	"github.com/teff-dev/teff/grain"
	"github.com/teff-dev/teff/internal/outcome"
	probev1 "github.com/teff-dev/teff/internal/probe/probe/v1"
	"github.com/teff-dev/teff/internal/probe/probe/v1/probev1teff"
	"github.com/teff-dev/teff/internal/wire"
	"github.com/teff-dev/teff/silo/silotest"
)

// A census counts what became of grains, in all silos of a test.
type census struct {
	activated atomic.Int64
	mu        sync.Mutex
	times     map[string]int // a key was activated
}

func (n *census) activate(_ context.Context, p *probe) error {
	n.activated.Add(1)
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.times == nil {
		n.times = make(map[string]int)
	}
	n.times[p.a.ID().Key]++
	return nil
}

// of says how often each key was activated.
func (n *census) of() map[string]int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return maps.Clone(n.times)
}

// slowTurn is how long one turn in twenty takes, which is longer than a hand-over does.
const slowTurn = 30 * time.Millisecond

// counting is a script whose probes add one, or have another do so: "via KEY". Some take
// their time.
func counting(n *census) *script {
	return &script{
		onActivate: n.activate,
		do: func(ctx context.Context, p *probe, text string) (string, error) {
			if rand.N(20) == 0 {
				select {
				case <-time.After(slowTurn):
				case <-ctx.Done():
				}
			}
			if key, via := strings.CutPrefix(text, "via "); via {
				return do(ctx, p.a, key, "add")
			}
			return "", p.add(ctx, 1)
		},
	}
}

// A way is how a call of Do is made.
type way func(ctx context.Context, key, text string) error

// through calls by generated code.
func through(c grain.Caller) way {
	return func(ctx context.Context, key, text string) error {
		_, err := do(ctx, c, key, text)
		return err
	}
}

// atDoor calls as any NATS client may, in JSON.
func atDoor(nc *nats.Conn) way {
	return func(ctx context.Context, key, text string) error {
		_, err := askDoor(ctx, nc, key, fmt.Appendf(nil, `{"text":%q}`, text))
		return err
	}
}

// atDoorProto calls as any NATS client may, in protobuf.
func atDoorProto(nc *nats.Conn) way {
	return func(ctx context.Context, key, text string) error {
		data, err := proto.Marshal(&probev1.DoRequest{Text: text})
		if err != nil {
			return err
		}
		_, err = askDoor(ctx, nc, key, data)
		return err
	}
}

func askDoor(ctx context.Context, nc *nats.Conn, key string, payload []byte) (*nats.Msg, error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	reply, err := nc.RequestWithContext(ctx, doorOf(probeType, key, "Do"), payload)
	if err != nil {
		return nil, outcome.NotExecuted(err)
	}
	if err := wire.DecodeError(wire.Header(reply.Header), reply.Data); err != nil {
		return nil, err
	}
	return reply, nil
}

// doorOf is a grain's subject at the door.
func doorOf(typ, key, method string) string {
	return "teff.call." + wire.TypeToken(typ) + "." + wire.KeyToken(key) + "." + method
}

// trafficKeys is how many grains the traffic is about.
const trafficKeys = 96

// traffic is calls that are made all the time until it ends: to one grain, or by way of
// another, by several callers on each way.
type traffic struct {
	t    *testing.T
	end  chan struct{}
	wg   sync.WaitGroup
	made atomic.Int64

	acked [trafficKeys]atomic.Int64

	mu     sync.Mutex
	failed map[string]int // by error
	worst  time.Duration
}

// flood starts the traffic, of n callers on each way, and returns when it flows.
func flood(t *testing.T, n int, ways ...way) *traffic {
	t.Helper()
	tr := &traffic{t: t, end: make(chan struct{}), failed: make(map[string]int)}
	for _, w := range ways {
		for range n {
			tr.wg.Go(func() { tr.run(w) })
		}
	}
	tr.flow(t, trafficKeys)
	return tr
}

func (tr *traffic) run(call way) {
	for {
		select {
		case <-tr.end:
			return
		default:
		}
		k := rand.N(trafficKeys)
		key, text := strconv.Itoa(k), "add"
		if rand.N(3) == 0 {
			key, text = "front "+strconv.Itoa(rand.N(trafficKeys)), "via "+key
		}
		begun := time.Now()
		err := call(context.Background(), key, text)
		took := time.Since(begun)
		tr.made.Add(1)
		if err == nil {
			tr.acked[k].Add(1)
		}
		tr.mu.Lock()
		tr.worst = max(tr.worst, took)
		if err != nil {
			tr.failed[err.Error()]++
		}
		tr.mu.Unlock()
	}
}

// flow returns when n more calls were made.
func (tr *traffic) flow(t *testing.T, n int64) {
	t.Helper()
	want := tr.made.Load() + n
	waitFor(t, func() bool { return tr.made.Load() >= want })
}

// stop ends the traffic, and checks that no call failed, and that each had its effect
// once.
func (tr *traffic) stop(t *testing.T, c grain.Caller) {
	t.Helper()
	tr.halt()
	n := 0
	for err, times := range tr.failed {
		n += times
		t.Errorf("%d calls failed: %s", times, err)
	}
	t.Logf("%d calls, %d failed, the slowest took %s", tr.made.Load(), n, tr.worst)
	for k := range trafficKeys {
		if got, want := number(t, c, strconv.Itoa(k)), tr.acked[k].Load(); got != want {
			t.Errorf("%d says %d, and %d calls were acknowledged", k, got, want)
		}
	}
}

// halt ends the traffic.
func (tr *traffic) halt() {
	close(tr.end)
	tr.wg.Wait()
}

// number is what a probe has counted.
func number(t *testing.T, c grain.Caller, key string) int64 {
	t.Helper()
	resp, err := probev1teff.ProbeOf(c, key).Look(t.Context(), &probev1.LookRequest{})
	if err != nil {
		t.Fatal(err)
	}
	return resp.GetNumber()
}

// settled waits for the cluster, and says how long it took.
func settled(t *testing.T, c *silotest.Cluster) time.Duration {
	t.Helper()
	begun := time.Now()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	c.WaitSettled(ctx)
	return time.Since(begun)
}

// steady is a heartbeat at which a machine that is busy with several tests loses nobody.
const steady = 200 * time.Millisecond
