package natsstore

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"github.com/teff-dev/teff/persistence"
	"github.com/teff-dev/teff/persistence/storetest"
)

// Each check has another server's connection, so that most do not sit beside the
// stream's leader.
func TestConformanceReplicated(t *testing.T) {
	if testing.Short() {
		t.Skip("takes as long as three servers on one machine do")
	}
	servers := startCluster(t)
	conns := []*nats.Conn{connect(t, servers[0]), connect(t, servers[1]), connect(t, servers[2])}
	var opened atomic.Int64
	storetest.Run(t, func(t *testing.T, dir string) persistence.Store {
		nc := conns[opened.Add(1)%3]
		return openOn(t, nc, Options{Cluster: clusterOf(dir), Replicas: 3}, hooks{})
	}, traits(conns[0]))
}

// leader returns the index of the server that leads the store's stream, or -1.
func leader(servers []*server.Server, l layout) int {
	for i, s := range servers {
		if s.JetStreamIsStreamLeader(server.DEFAULT_GLOBAL_ACCOUNT, l.stream()) {
			return i
		}
	}
	return -1
}

// A tally adds up one record from several writers, and knows what the record may say.
type tally struct {
	acknowledged atomic.Int64
	unknown      atomic.Int64
	conflicts    atomic.Int64
}

// load claims the shard and adds until it is stopped.
func (y *tally) load(s *Store, shard persistence.Shard, grain string, stop *atomic.Bool) error {
	if err := s.Claim(context.Background(), testFence, shard); err != nil {
		return err
	}
	for !stop.Load() {
		if err := y.add(context.Background(), s, shard, grain); err != nil {
			return err
		}
	}
	return nil
}

// add increments the number under grain once, as its only writer.
func (y *tally) add(ctx context.Context, s *Store, shard persistence.Shard, grain string) error {
	revision, n, err := number(ctx, s, shard, grain)
	if err != nil {
		return err
	}
	w := set(grain, strconv.Itoa(n+1))
	w.Expect = revision
	_, err = s.Commit(ctx, shard, testFence, w)
	switch {
	case err == nil:
		y.acknowledged.Add(1)
	case errors.Is(err, persistence.ErrUnknownOutcome):
		y.unknown.Add(1)
	case errors.Is(err, persistence.ErrConflict):
		y.conflicts.Add(1)
	default:
		return err
	}
	return nil
}

// A troubleCount is batches that did not go smoothly.
type troubleCount struct{ refused, lost atomic.Int64 }

func (c *troubleCount) hooks() hooks {
	return hooks{answered: func(_ int, err error) error {
		switch {
		case errors.Is(err, errRefused):
			c.refused.Add(1)
		case err != nil:
			c.lost.Add(1)
		}
		return err
	}}
}

// While leaders step down and one is stopped, nothing that was acknowledged is lost,
// and a lone writer of a record never gets a conflict.
func TestLeaderChangesUnderLoad(t *testing.T) {
	const writers, stepdowns = 12, 3
	servers := startCluster(t)
	var trouble troubleCount
	var stores []*Store
	for _, srv := range servers {
		stores = append(stores, openOn(t, connect(t, srv), Options{Replicas: 3}, trouble.hooks()))
	}
	shardOf := func(writer int) persistence.Shard {
		return persistence.Shard{Type: testShard.Type, Partition: uint32(writer)}
	}
	var y tally
	var stop atomic.Bool
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			if err := y.load(stores[w%3], shardOf(w), fmt.Sprint(w), &stop); err != nil {
				t.Error(err)
			}
		})
	}
	progress := func() {
		was := y.acknowledged.Load()
		waitFor(t, func() bool { return y.acknowledged.Load() > was+writers })
	}
	for range stepdowns {
		progress()
		changeLeader(t, servers, stores[0])
	}
	progress()
	was := leader(servers, stores[0].layout)
	servers[was].Shutdown()
	waitFor(t, func() bool { now := leader(servers, stores[0].layout); return now >= 0 && now != was })
	progress()
	stop.Store(true)
	wg.Wait()
	if y.conflicts.Load() > 0 {
		t.Errorf("%d commits of records that nobody else writes were in conflict", y.conflicts.Load())
	}
	sum := 0
	for w := range writers {
		s := stores[(w+1)%3]
		// Without a claim it may read from a replica that is behind.
		if err := s.Claim(t.Context(), testFence, shardOf(w)); err != nil {
			t.Fatal(err)
		}
		_, n, err := number(t.Context(), s, shardOf(w), fmt.Sprint(w))
		if err != nil {
			t.Fatal(err)
		}
		sum += n
	}
	least, unknown := int(y.acknowledged.Load()), int(y.unknown.Load())
	if sum < least || sum > least+unknown {
		t.Errorf("the records say %d, %d commits were acknowledged and the outcome of %d is unknown", sum, least, unknown)
	}
	t.Logf("%d commits, %d of unknown outcome; %d batches were refused and %d were not answered",
		least, unknown, trouble.refused.Load(), trouble.lost.Load())
	if trouble.refused.Load()+trouble.lost.Load() == 0 {
		t.Error("no leader's change troubled any batch: the test showed nothing")
	}
}

// changeLeader has the stream's leader step down, until another one is elected.
func changeLeader(t *testing.T, servers []*server.Server, s *Store) {
	t.Helper()
	was := leader(servers, s.layout)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	reply, err := s.nc.RequestWithContext(ctx, "$JS.API.STREAM.LEADER.STEPDOWN."+s.layout.stream(), nil)
	if err != nil || !strings.Contains(string(reply.Data), `"success":true`) {
		t.Fatalf("step down: %v", err)
	}
	waitFor(t, func() bool { now := leader(servers, s.layout); return now >= 0 && now != was })
}

// Silos that write to one shard at the same time contend for its guard, and are refused
// for no reason of theirs. None of it surfaces.
func TestSpuriousConflictsNeverSurface(t *testing.T) {
	const each = 40
	servers := startCluster(t)
	var trouble troubleCount
	var y tally
	var wg sync.WaitGroup
	for i, srv := range servers {
		s := openOn(t, connect(t, srv), Options{Replicas: 3}, trouble.hooks())
		for w := range 2 {
			wg.Go(func() {
				for range each {
					if err := y.add(t.Context(), s, testShard, fmt.Sprint(i, "-", w)); err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
	}
	wg.Wait()
	if n := y.acknowledged.Load(); n != 3*2*each {
		t.Errorf("%d of %d commits were acknowledged, %d in conflict, %d of unknown outcome", n, 3*2*each, y.conflicts.Load(), y.unknown.Load())
	}
	if trouble.refused.Load() == 0 {
		t.Error("no batch was refused: the test showed nothing")
	}
	t.Logf("%d batches were refused", trouble.refused.Load())
}

// Whoever claims a shard sees each commit that was acknowledged before, on whatever
// replica.
func TestAClaimerSeesWhatWasAcknowledged(t *testing.T) {
	const rounds = 150
	servers := startCluster(t)
	var stores []*Store
	for _, srv := range servers {
		stores = append(stores, openOn(t, connect(t, srv), Options{Replicas: 3}, hooks{}))
	}
	for i := range rounds {
		s, fence := stores[i%3], persistence.Fence{Generation: 1, Since: uint64(i)}
		if err := s.Claim(t.Context(), fence, testShard); err != nil {
			t.Fatal(err)
		}
		revision, n, err := number(t.Context(), s, testShard, "g")
		if err != nil {
			t.Fatal(err)
		}
		if n != i {
			t.Fatalf("after %d acknowledged commits the next owner reads %d", i, n)
		}
		w := set("g", strconv.Itoa(n+1))
		w.Expect = revision
		if _, err := s.Commit(t.Context(), testShard, fence, w); err != nil {
			t.Fatal(err)
		}
	}
}

// number reads a number; a missing record is zero.
func number(ctx context.Context, s *Store, shard persistence.Shard, grain string) (persistence.Revision, int, error) {
	r, err := s.Load(ctx, shard, persistence.Key{Grain: grain})
	if errors.Is(err, persistence.ErrNotFound) {
		return 0, 0, nil
	}
	if err != nil {
		return 0, 0, err
	}
	n, err := strconv.Atoi(string(r.Value))
	return r.Revision, n, err
}
