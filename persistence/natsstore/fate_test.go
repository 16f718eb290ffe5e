package natsstore

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/teff-dev/teff/persistence"
)

// loseAnswers pretends that the answers whose numbers are named were lost.
func loseAnswers(numbers ...int) hooks {
	n := -1
	return hooks{answered: func(_ int, err error) error {
		n++
		if slices.Contains(numbers, n) {
			return errNoAnswer
		}
		return err
	}}
}

func wantRecord(t *testing.T, s *Store, grain, value string, revision persistence.Revision) {
	t.Helper()
	r, err := s.Load(t.Context(), testShard, persistence.Key{Grain: grain})
	if err != nil || string(r.Value) != value || r.Revision != revision {
		t.Errorf("%s is %q at %d, want %q at %d: %v", grain, r.Value, r.Revision, value, revision, err)
	}
}

// A commit whose answer was lost is found to have happened, and happens once.
func TestALostAnswer(t *testing.T) {
	s := openOn(t, connect(t, startServer(t, nil)), Options{}, loseAnswers(1, 2))
	first := mustCommit(t, s, set("a", "1"), set("b", "1"))
	w := set("b", "2")
	w.Expect = first[1]
	second := mustCommit(t, s, w, set("c", "2"))
	wantRecord(t, s, "a", "1", first[0])
	wantRecord(t, s, "b", "2", second[0])
	wantRecord(t, s, "c", "2", second[1])
	if second[0] != first[1]+2 { // one guard between them
		t.Errorf("revision %d came after %d: it was written again", second[0], first[1])
	}
}

// A commit that never arrived, as far as anybody knows, is published again.
func TestALostCommit(t *testing.T) {
	s := openOn(t, connect(t, startServer(t, nil)), Options{}, hooks{})
	mustCommit(t, s, set("a", "1"))
	r := newRequest(testFence, testShard)
	r.writes = []write{{subject: s.layout.record(testShard, persistence.Key{Grain: "b"}), value: []byte("1")}}
	a := newAttempt([]*request{r}, s.guards)
	if f, _, err := s.lookFor(t.Context(), a); f != fateOpen || err != nil {
		t.Errorf("what was not published: fate %d, %v", f, err)
	}
	if _, err := s.publish(t.Context(), a, 0); err != nil {
		t.Fatal(err)
	}
	if _, err := s.publish(t.Context(), a, 1); !errors.Is(err, errRefused) {
		t.Errorf("published twice: %v", err)
	}
	if f, first, err := s.lookFor(t.Context(), a); f != fateDone || err != nil || first == 0 {
		t.Errorf("what was published: fate %d, %v", f, err)
	}
	mustCommit(t, s, set("c", "1"))
	if f, _, err := s.lookFor(t.Context(), a); f != fateUnknown || err != nil {
		t.Errorf("what was written over: fate %d, %v", f, err)
	}
}

// A server whose disk was full has written a commit's guard and not its record: nobody is
// told that it has happened.
func TestHalfACommit(t *testing.T) {
	s := openOn(t, connect(t, startServer(t, nil)), Options{}, hooks{})
	mustCommit(t, s, set("a", "1"))
	r := newRequest(testFence, testShard)
	r.writes = []write{{subject: s.layout.record(testShard, persistence.Key{Grain: "b"}), value: []byte("1")}}
	a := newAttempt([]*request{r}, s.guards)
	half := *a
	half.requests = []*request{newRequest(testFence, testShard)}
	if _, err := s.publish(t.Context(), &half, 0); err != nil {
		t.Fatal(err)
	}
	if f, _, err := s.lookFor(t.Context(), a); f != fateUnknown || err != nil {
		t.Errorf("half of a commit: fate %d, %v", f, err)
	}
	if f, _, err := s.lookFor(t.Context(), &half); f != fateDone || err != nil {
		t.Errorf("a commit without records: fate %d, %v", f, err)
	}
}

// Of an attempt in two shards it is known that it never happens once one of them has
// moved and the other has not.
func TestAnAttemptThatNeverHappens(t *testing.T) {
	s := openOn(t, connect(t, startServer(t, nil)), Options{}, hooks{})
	other := persistence.Shard{Type: testShard.Type, Partition: 9}
	if err := s.Claim(t.Context(), testFence, testShard, other); err != nil {
		t.Fatal(err)
	}
	a := newAttempt([]*request{newRequest(testFence, testShard, other)}, s.guards)
	mustCommit(t, s, set("a", "1"))
	if f, _, err := s.lookFor(t.Context(), a); f != fateNever || err != nil {
		t.Errorf("fate %d, %v", f, err)
	}
}

// A commit that was given up cannot happen any more once a later one of the shard has,
// or a claim, be it with the same fence, though it names a record that nobody touched.
func TestALateCommitIsRefused(t *testing.T) {
	s := openOn(t, connect(t, startServer(t, nil)), Options{}, hooks{})
	mustCommit(t, s, set("a", "1"))
	r := newRequest(testFence, testShard)
	r.writes = []write{{subject: s.layout.record(testShard, persistence.Key{Grain: "late"}), value: []byte("1")}}
	for _, between := range []func(){
		func() { mustCommit(t, s, set("b", "1")) },
		func() {
			if err := s.Claim(t.Context(), testFence, testShard); err != nil {
				t.Fatal(err)
			}
		},
		func() {
			if err := s.Delete(t.Context(), testShard, testFence, "nobody"); err != nil {
				t.Fatal(err)
			}
		},
	} {
		late := newAttempt([]*request{r}, s.guards)
		between()
		if _, err := s.publish(t.Context(), late, 0); !errors.Is(err, errRefused) {
			t.Errorf("a late commit: %v", err)
		}
		if _, err := s.Load(t.Context(), testShard, persistence.Key{Grain: "late"}); !errors.Is(err, persistence.ErrNotFound) {
			t.Errorf("a late commit's record: %v", err)
		}
	}
}

// A caller that stops waiting for a commit under way is told that its outcome is
// unknown.
func TestUnknownOutcome(t *testing.T) {
	var ctx context.Context
	var cancel context.CancelFunc
	h := hooks{answered: func(_ int, err error) error {
		if ctx != nil {
			cancel() // the caller stops waiting before it hears of it
			<-ctx.Done()
			return errNoAnswer
		}
		return err
	}}
	s := openOn(t, connect(t, startServer(t, nil)), Options{}, h)
	mustCommit(t, s, set("a", "1"))
	ctx, cancel = context.WithCancel(t.Context())
	defer cancel()
	_, err := s.Commit(ctx, testShard, testFence, set("b", "1"))
	if !errors.Is(err, persistence.ErrUnknownOutcome) || !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// A commit that was refused for another's sake is not published again once its caller
// was told that the outcome is unknown.
func TestAnAbandonedCommit(t *testing.T) {
	nc := connect(t, startServer(t, nil))
	ctx, cancel := context.WithCancel(t.Context())
	left := make(chan struct{})
	h := hooks{answered: func(_ int, err error) error {
		if errors.Is(err, errRefused) {
			cancel()
			<-left
		}
		return err
	}}
	s, other := openOn(t, nc, Options{}, h), openOn(t, nc, Options{}, hooks{})
	mustCommit(t, s, set("a", "1"))
	mustCommit(t, other, set("b", "1"))
	w := set("a", "2") // on a revision that it need not look up, so that it does not see b's guard
	w.Expect = mustLoad(t, other, "a")
	_, err := s.Commit(ctx, testShard, testFence, w)
	close(left)
	if !errors.Is(err, persistence.ErrUnknownOutcome) {
		t.Errorf("got %v", err)
	}
	mustCommit(t, s, set("c", "1")) // when it is done, what was before it is, too
	wantRecord(t, other, "a", "1", w.Expect)
}

func mustLoad(t *testing.T, s *Store, grain string) persistence.Revision {
	t.Helper()
	r, err := s.Load(t.Context(), testShard, persistence.Key{Grain: grain})
	if err != nil {
		t.Fatal(err)
	}
	return r.Revision
}

// What a replica answers that has not seen what this store has is not believed.
func TestAStaleReplicaIsNotBelieved(t *testing.T) {
	s := openOn(t, connect(t, startServer(t, nil)), Options{}, hooks{})
	r := mustCommit(t, s, set("a", "1"))[0]
	known, _ := s.guards.get(testShard)
	// As if a commit had been acknowledged that the server does not have.
	known.seq += 2
	s.guards.put(testShard, known, known.seq)
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	got, err := s.Load(ctx, testShard, persistence.Key{Grain: "a"})
	if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "lost what it acknowledged") {
		t.Errorf("load from a server that is behind: %q, %v", got.Value, err)
	}
	ctx, cancel = context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if page, err := s.List(ctx, persistence.Query{Type: testShard.Type}); err == nil {
		t.Errorf("list from a server that is behind: %d records", len(page.Records))
	}
	// The leader's list alone, where there is nothing to read.
	ctx, cancel = context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if page, err := s.List(ctx, persistence.Query{Type: "natsstore.v1.Nothing"}); err == nil {
		t.Errorf("list nothing from a server that is behind: %d records", len(page.Records))
	}
	// The other store has not seen it, and knows no better.
	wantRecord(t, openOn(t, s.nc, Options{}, hooks{}), "a", "1", r)
}

// Where a server takes few batches at a time and few messages in each, stores take
// turns and divide what they have.
func TestASmallServer(t *testing.T) {
	srv := startServer(t, func(o *server.Options) {
		o.JetStreamLimits.MaxBatchInflightPerStream = 1
		o.JetStreamLimits.MaxBatchSize = 3
	})
	var trouble troubleCount
	var y tally
	done := make(chan error)
	const stores, callers, each = 3, 8, 4
	for range stores {
		s := openOn(t, connect(t, srv), Options{}, trouble.hooks())
		for c := range callers {
			shard := persistence.Shard{Type: s.replies.prefix, Partition: uint32(c)}
			go func() {
				var err error
				for i := 0; i < each && err == nil; i++ {
					err = y.add(t.Context(), s, shard, strconv.Itoa(c))
				}
				done <- err
			}()
		}
	}
	for range stores * callers {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	if n := y.acknowledged.Load(); n != stores*callers*each {
		t.Errorf("%d of %d commits were acknowledged", n, stores*callers*each)
	}
	if trouble.lost.Load() == 0 {
		t.Error("the server was never too small: the test showed nothing")
	}
	s := openOn(t, connect(t, srv), Options{}, hooks{})
	_, err := s.Commit(t.Context(), testShard, testFence, set("a", "1"), set("b", "1"), set("c", "1"))
	if !errors.Is(err, persistence.ErrTooLarge) {
		t.Errorf("commit of more messages than the server takes: %v", err)
	}
}

// A stream at its limit refuses commits and keeps what it has.
func TestAFullStream(t *testing.T) {
	nc := connect(t, startServer(t, nil))
	s := openOn(t, nc, Options{}, hooks{})
	r := mustCommit(t, s, set("a", "1"))[0]
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	stream, err := js.Stream(t.Context(), s.layout.stream())
	if err != nil {
		t.Fatal(err)
	}
	config := stream.CachedInfo().Config
	config.MaxBytes = 64 << 10
	if _, err := js.UpdateStream(t.Context(), config); err != nil {
		t.Fatal(err)
	}
	_, err = s.Commit(t.Context(), testShard, testFence, set("big", strings.Repeat("x", 128<<10)))
	if !errors.Is(err, persistence.ErrFull) {
		t.Errorf("got %v", err)
	}
	wantRecord(t, s, "a", "1", r)
	mustCommit(t, s, set("small", "1"))
}

// A grain may have more markers than a batch has room for.
func TestDeletingAGrainOfManyMarkers(t *testing.T) {
	if testing.Short() {
		t.Skip("writes 1300 records")
	}
	s := openOn(t, connect(t, startServer(t, nil)), Options{}, hooks{})
	key := func(i int) persistence.Key { return persistence.Key{Grain: "g", Name: strconv.Itoa(i)} }
	const parts, each = 5, persistence.MaxWrites
	for part := range parts {
		var writes []persistence.Write
		for i := range each {
			writes = append(writes, persistence.Write{Key: key(part*each + i), Value: []byte("1")})
		}
		revisions := mustCommit(t, s, writes...)
		if part == parts-1 {
			break
		}
		for i := range writes {
			writes[i] = persistence.Write{Key: writes[i].Key, Delete: true, Expect: revisions[i]}
		}
		mustCommit(t, s, writes...)
	}
	if err := s.Delete(t.Context(), testShard, testFence, "g"); err != nil {
		t.Fatal(err)
	}
	page, err := s.List(t.Context(), persistence.Query{Type: testShard.Type})
	if err != nil || len(page.Records) != 0 {
		t.Errorf("%d records are left: %v", len(page.Records), err)
	}
}
