package silo_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/teff-dev/teff/grain"
	probev1 "github.com/teff-dev/teff/internal/probe/probe/v1"
	"github.com/teff-dev/teff/internal/probe/probe/v1/probev1teff"
	"github.com/teff-dev/teff/silo"
	"github.com/teff-dev/teff/silo/silotest"
)

// brisk is a heartbeat for faults: the lease is 0.6 s, the takeover time 0.72 s.
const (
	brisk    = 100 * time.Millisecond
	lease    = 6 * brisk
	takeover = lease + lease/5
)

// keysOf returns n keys whose grains a silo owns.
func keysOf(c *silotest.Cluster, owner, n int) []string {
	var keys []string
	for i := 0; len(keys) < n; i++ {
		if key := fmt.Sprintf("key-%d", i); c.Owner(probeType, key) == owner {
			keys = append(keys, key)
		}
	}
	return keys
}

// Behaviour E3: a silo is killed. Who waits for it learns that as soon as the view says
// so, and its grains are served again within the takeover time and a second.
func TestBehaviourE3AKill(t *testing.T) {
	running := make(chan struct{}, 64)
	sc := &script{do: func(ctx context.Context, p *probe, text string) (string, error) {
		if text == "add" {
			return "", p.add(ctx, 1)
		}
		running <- struct{}{}
		<-ctx.Done()
		return "", ctx.Err()
	}}
	c := silotest.New(t, silotest.Grains(sc.kind()), silotest.Heartbeat(brisk))
	keys := keysOf(c, 1, 20)
	type ended struct {
		err error
		at  time.Time
	}
	ends := make(chan ended, 2*len(keys))
	for i, key := range keys {
		from := []grain.Caller{c.Silo(0), c.Client()}[i%2]
		go func() {
			_, err := do(context.Background(), from, key, "hang") // with the default deadline, 30 s
			ends <- ended{err, time.Now()}
		}()
	}
	for range keys {
		<-running
	}
	killed := time.Now()
	c.Kill(1)
	var served atomic.Int64 // ns from the kill, of the last
	var wg sync.WaitGroup
	for _, key := range keys {
		wg.Go(func() {
			if err := add(c.Client(), key); err != nil {
				t.Errorf("a call after the kill: %v", err)
			}
			storeMax(&served, int64(time.Since(killed)))
		})
	}
	settled(t, c)
	seen := time.Now()
	var last time.Duration
	for range keys {
		e := <-ends
		if !errors.Is(e.err, grain.CodeMaybeExecuted) {
			t.Errorf("a call that the killed silo had: %v, want MAYBE_EXECUTED", e.err)
		}
		last = max(last, e.at.Sub(seen))
	}
	wg.Wait()
	t.Logf("the view changed %s after the kill, the last waiting call ended %s later; all was served again after %s",
		seen.Sub(killed), last, time.Duration(served.Load()))
	if last > 500*time.Millisecond {
		t.Errorf("the last waiting call ended %s after the view had changed", last)
	}
	if d := time.Duration(served.Load()); d > takeover+time.Second {
		t.Errorf("the last grain was served %s after the kill, want %s", d, takeover+time.Second)
	}
}

func storeMax(v *atomic.Int64, to int64) {
	for old := v.Load(); to > old && !v.CompareAndSwap(old, to); old = v.Load() {
	}
}

// add calls Do with the default deadline.
func add(c grain.Caller, key string) error {
	_, err := do(context.Background(), c, key, "add")
	return err
}

// Behaviour E4: a silo is paused past its lease, in the middle of a turn, and goes on. It
// reads nothing stale and writes nothing, and comes back as another incarnation.
func TestBehaviourE4APause(t *testing.T) {
	entered, leave := make(chan struct{}), make(chan struct{})
	sc := &script{do: func(ctx context.Context, p *probe, text string) (string, error) {
		if text == "slowly" {
			close(entered)
			<-leave
		}
		return "", p.add(ctx, 1)
	}}
	c := silotest.New(t, silotest.Grains(sc.kind()), silotest.Heartbeat(brisk))
	keys := keysOf(c, 2, 2)
	key, mid := keys[0], keys[1]
	for range 5 {
		mustDo(t, c.Client(), key, "add")
	}
	slow := make(chan error, 1)
	go func() {
		_, err := do(context.Background(), c.Silo(2), mid, "slowly")
		slow <- err
	}()
	<-entered
	c.Pause(2)
	close(leave) // it is about to commit what it has begun
	stale := make(chan int64, 20)
	var reads sync.WaitGroup
	for range cap(stale) {
		reads.Go(func() { stale <- looked(c.Silo(2), key) })
	}
	settled(t, c) // without it
	for range 5 {
		mustDo(t, c.Client(), key, "add")
		mustDo(t, c.Client(), mid, "add")
	}
	c.Partition(2) // nobody tells it what has become of it: its clock must
	c.Resume(2)
	reads.Wait()
	c.Heal(2)
	for range cap(stale) {
		if n := <-stale; n >= 0 && n != 10 {
			t.Errorf("the paused silo read %d, and there were 10", n)
		}
	}
	err := <-slow
	if n := number(t, c.Client(), mid); err == nil || n != 5 {
		t.Errorf("the turn in the middle of the pause got %v, and the grain says %d, want an error and 5", err, n)
	}
	waitFor(t, func() bool { return silo.Rejoins(c.Silo(2)) == 1 })
	t.Logf("it was back after %s; the turn: %v", settled(t, c), err)
}

// patience is more than a call takes that is not held up.
const patience = 2 * time.Second

// looked is what a silo reads; -1 where it gets an error.
func looked(s grain.Caller, key string) int64 {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	resp, err := probev1teff.ProbeOf(s, key).Look(ctx, &probev1.LookRequest{})
	if err != nil {
		return -1
	}
	return resp.GetNumber()
}

// A pause within the lease is nobody's business.
func TestAShortPauseIsNoFault(t *testing.T) {
	var seen census
	c := silotest.New(t, silotest.Grains(counting(&seen).kind()), silotest.Heartbeat(time.Second))
	key := keysOf(c, 1, 1)[0]
	mustDo(t, c.Client(), key, "add")
	epoch := c.View().GetEpoch()
	c.Pause(1)
	late := make(chan error, 1)
	go func() { late <- add(c.Client(), key) }()
	for _, k := range keysOf(c, 0, 10) {
		mustDo(t, c.Client(), k, "add") // others are not held up
	}
	select {
	case err := <-late:
		t.Errorf("a paused silo answered: %v", err)
	default:
	}
	c.Resume(1)
	if err := <-late; err != nil {
		t.Error(err)
	}
	if got := c.View().GetEpoch(); got != epoch || seen.of()[key] != 1 {
		t.Errorf("epoch %d, then %d, and %d activations", epoch, got, seen.of()[key])
	}
}

// Behaviour E5: a silo is cut off. It stops by itself before others take over, and comes
// back as another incarnation.
func TestBehaviourE5APartition(t *testing.T) {
	var seen census
	c := silotest.New(t, silotest.Grains(counting(&seen).kind()), silotest.Heartbeat(brisk))
	key := keysOf(c, 0, 1)[0]
	mustDo(t, c.Client(), key, "add")
	acked := int64(1)
	c.Partition(0)
	cut := time.Now()
	var lastInside time.Time
	for { // by the silo itself, until its lease is over
		ctx, cancel := context.WithTimeout(t.Context(), lease/4)
		_, err := do(ctx, c.Silo(0), key, "add")
		cancel()
		if err != nil {
			t.Logf("cut off, it said after %s: %v", time.Since(cut), err)
			break
		}
		acked++
		lastInside = time.Now()
	}
	if err := add(c.Client(), key); err != nil {
		t.Fatal(err)
	}
	firstOutside := time.Now()
	acked++
	got := number(t, c.Client(), key)
	t.Logf("the last call within ended %s after the cut, the first outside %s", lastInside.Sub(cut), firstOutside.Sub(cut))
	if lastInside.Sub(cut) > takeover {
		t.Errorf("it served for %s after the cut: its lease is %s", lastInside.Sub(cut), lease)
	}
	if got != acked && got != acked+1 { // the call that failed within may have had its effect
		t.Errorf("%d calls were acknowledged, and the grain says %d", acked, got)
	}
	before := c.View()
	c.Heal(0)
	waitFor(t, func() bool { return silo.Rejoins(c.Silo(0)) == 1 })
	t.Logf("it was back after %s", settled(t, c))
	if n := len(c.View().GetMembers()); n != 3 || c.View().GetGeneration() != before.GetGeneration() {
		t.Errorf("%d members in generation %d, want 3 in %d", n, c.View().GetGeneration(), before.GetGeneration())
	}
	if n := number(t, c.Silo(0), key); n != got {
		t.Errorf("back, it reads %d, want %d", n, got)
	}
}

// Behaviour E6: the NATS server stops, for longer than any lease, and comes back. Calls
// are served again, by the same activations.
func TestBehaviourE6NATSRestarts(t *testing.T) {
	var seen census
	c := silotest.New(t, silotest.Grains(counting(&seen).kind()), silotest.Heartbeat(brisk))
	var keys []string
	for i := range 3 {
		keys = append(keys, keysOf(c, i, 10)...)
	}
	for _, key := range keys {
		mustDo(t, c.Client(), key, "add")
	}
	before, view := seen.activated.Load(), c.View()
	c.StopNATS()
	for i := range 3 {
		awaitLeaseOver(t, c.Silo(i), keysOf(c, i, 1)[0])
	}
	c.StartNATS()
	back := time.Now()
	for _, key := range keys {
		if err := add(c.Client(), key); err != nil {
			t.Fatal(err)
		}
		if got := number(t, c.Client(), key); got != 2 {
			t.Errorf("%s says %d, want 2", key, got)
		}
	}
	t.Logf("all was served again %s after the server was back", time.Since(back))
	if now := seen.activated.Load(); now != before {
		t.Errorf("%d activations, and %d before", now, before)
	}
	if got := c.View(); got.GetEpoch() != view.GetEpoch() || got.GetGeneration() != view.GetGeneration() {
		t.Errorf("view %d/%d, and %d/%d before", got.GetGeneration(), got.GetEpoch(), view.GetGeneration(), view.GetEpoch())
	}
}

// awaitLeaseOver returns when a silo does not serve its own grains any more.
func awaitLeaseOver(t *testing.T, s *silo.Silo, key string) {
	t.Helper()
	waitFor(t, func() bool {
		ctx, cancel := context.WithTimeout(t.Context(), brisk)
		defer cancel()
		_, err := probev1teff.ProbeOf(s, key).Look(ctx, &probev1.LookRequest{})
		return errors.Is(err, grain.CodeUnavailable) // it may also just be slow
	})
}

// Behaviour E8: wall clocks are wrong by an hour. Nothing comes of it.
func TestBehaviourE8WallClocks(t *testing.T) {
	var seen census
	c := silotest.New(t, silotest.Grains(counting(&seen).kind()), silotest.Heartbeat(brisk))
	tr := flood(t, 2, through(c.Silo(0)), through(c.Client()), atDoor(c.NATS()))
	tr.flow(t, 10*trafficKeys)
	epoch, before := c.View().GetEpoch(), len(seen.of())
	for i, wrong := range []time.Duration{time.Hour, -time.Hour, 90 * time.Minute} {
		c.SetWallClock(i, wrong)
	}
	begun := time.Now()
	waitFor(t, func() bool { return time.Since(begun) > 2*takeover })
	c.SetWallClock(0, -time.Hour)
	tr.flow(t, 10*trafficKeys)
	tr.stop(t, c.Client())
	if got := c.View().GetEpoch(); got != epoch {
		t.Errorf("view %d, and %d before", got, epoch)
	}
	for key, times := range seen.of() {
		if times != 1 {
			t.Errorf("%s was activated %d times", key, times)
		}
	}
	if before == 0 {
		t.Error("nothing was activated")
	}
}

// Behaviour E6, in the middle of a turn: what a lease that ran out holds up, a call, a
// commit or an answer, goes on when it is renewed, since nobody else had the grain
// meanwhile.
func TestBehaviourE6TurnsOutliveTheOutage(t *testing.T) {
	entered, leave := make(chan struct{}), make(chan struct{})
	sc := &script{do: func(ctx context.Context, p *probe, text string) (string, error) {
		if text == "add" {
			return "", p.add(ctx, 1)
		}
		entered <- struct{}{}
		<-leave
		switch text {
		case "call":
			return do(ctx, p.a, "callee", "add")
		case "commit":
			return "", p.add(ctx, 1)
		default:
			return "", nil
		}
	}}
	c := silotest.New(t, silotest.Silos(1), silotest.Grains(sc.kind()), silotest.Heartbeat(brisk))
	texts := []string{"call", "commit", "answer"}
	done := make(chan error, len(texts))
	for _, text := range texts {
		go func() {
			_, err := do(context.Background(), c.Silo(0), text, text)
			done <- err
		}()
		<-entered
	}
	c.StopNATS()
	awaitLeaseOver(t, c.Silo(0), "other")
	close(leave)
	select {
	case err := <-done:
		t.Fatalf("it was answered without a lease: %v", err)
	case <-time.After(2 * brisk):
	}
	c.StartNATS()
	for range texts {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	for _, key := range []string{"callee", "commit"} {
		if n := number(t, c.Silo(0), key); n != 1 {
			t.Errorf("%s says %d, want 1", key, n)
		}
	}
}
