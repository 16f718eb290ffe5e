package badgerstore

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/teff-dev/teff/persistence"
)

// A held committer stops after its first transaction, before it answers, until it is
// released, and counts transactions.
type held struct {
	memTable     int64 // 0: as always
	transactions atomic.Int64
	requests     atomic.Int64
	stopped      chan struct{}
	release      chan struct{}
}

func newHeld() *held { return &held{stopped: make(chan struct{}), release: make(chan struct{})} }

func (h *held) hooks() hooks {
	return hooks{memTable: h.memTable, committed: func(requests int) {
		h.requests.Add(int64(requests))
		if h.transactions.Add(1) == 1 {
			close(h.stopped)
			<-h.release
		}
	}}
}

// begin has the committer stop with a commit of the record "first".
func (h *held) begin(t *testing.T, s *Store, calls *sync.WaitGroup) {
	t.Helper()
	calls.Go(func() {
		if _, err := s.Commit(t.Context(), testShard, testFence, set("first", "1")); err != nil {
			t.Error(err)
		}
	})
	<-h.stopped
}

// queued waits until as many requests wait for the committer.
func queued(s *Store, n int) {
	for len(s.committer.queue) != n {
		runtime.Gosched()
	}
}

func TestWhatPilesUpIsOneTransaction(t *testing.T) {
	const callers = 500
	h := newHeld()
	s := openAt(t, t.TempDir(), h.hooks())
	var calls sync.WaitGroup
	h.begin(t, s, &calls)
	for i := range callers {
		calls.Go(func() {
			shard := persistence.Shard{Type: testShard.Type, Partition: uint32(i % 7)}
			if _, err := s.Commit(t.Context(), shard, testFence, set(fmt.Sprint(i), "1")); err != nil {
				t.Error(err)
			}
		})
	}
	queued(s, callers)
	close(h.release)
	calls.Wait()
	if n := h.transactions.Load(); n != 2 {
		t.Errorf("%d commits took %d transactions, want 2", callers+1, n)
	}
	if n := h.requests.Load(); n != callers+1 {
		t.Errorf("the transactions had %d requests, want %d", n, callers+1)
	}
}

// A batch has all kinds of requests in it, good ones and bad ones; each gets its own
// answer, and sees what those before it did.
func TestRequestsOfABatchAreJudgedSeparately(t *testing.T) {
	h := newHeld()
	s := openAt(t, t.TempDir(), h.hooks())
	var calls sync.WaitGroup
	h.begin(t, s, &calls)
	low, high := persistence.Fence{Generation: 1}, persistence.Fence{Generation: 1, Since: 2}
	commit := func(f persistence.Fence, writes ...persistence.Write) func() error {
		return func() error {
			_, err := s.Commit(t.Context(), testShard, f, writes...)
			return err
		}
	}
	steps := []struct {
		name string
		do   func() error
		want error
	}{
		{"create", commit(testFence, set("a", "1")), nil},
		{"create again", commit(testFence, set("a", "2")), persistence.ErrConflict},
		{"half a conflict", commit(testFence, set("b", "1"), set("a", "2")), persistence.ErrConflict},
		{"low fence", commit(low, set("c", "1")), persistence.ErrFenced},
		{"claim", func() error { return s.Claim(t.Context(), high, testShard) }, nil},
		{"fenced by the batch", commit(testFence, set("c", "1")), persistence.ErrFenced},
		{"delete", func() error { return s.Delete(t.Context(), testShard, high, "a") }, nil},
		{"create after deletion", commit(high, set("a", "3")), nil},
		{"generation", func() error { _, err := s.NextGeneration(t.Context()); return err }, nil},
	}
	errs := make([]error, len(steps))
	for i, step := range steps {
		calls.Go(func() { errs[i] = step.do() })
		queued(s, i+1) // they are judged in the order they came in
	}
	close(h.release)
	calls.Wait()
	for i, step := range steps {
		if !errors.Is(errs[i], step.want) {
			t.Errorf("%s: got %v, want %v", step.name, errs[i], step.want)
		}
	}
	if n := h.transactions.Load(); n != 2 {
		t.Errorf("%d transactions, want 2", n)
	}
	for grain, want := range map[string]string{"a": "3", "b": "", "c": ""} {
		r, err := s.Load(t.Context(), testShard, persistence.Key{Grain: grain})
		if want == "" && !errors.Is(err, persistence.ErrNotFound) || want != "" && string(r.Value) != want {
			t.Errorf("%s holds %q (%v), want %q", grain, r.Value, err, want)
		}
	}
}

// smallTable is about the least that Badger takes with a value threshold of ours. It
// deletes 11,000 keys in a transaction then, instead of 25,000.
const smallTable = 7 << 20

// Together the requests are too big for Badger, which is seen only when most of them
// are judged: all that was done until then is undone and done again.
func TestTooBigABatchIsSplit(t *testing.T) {
	const grains = 55 // times MaxWrites is more than Badger deletes at once
	dir := t.TempDir()
	s := openAt(t, dir, hooks{})
	for grain := range grains {
		mustCommit(t, s, states(grain)...)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	h := newHeld()
	h.memTable = smallTable
	s = openAt(t, dir, h.hooks())
	var calls sync.WaitGroup
	h.begin(t, s, &calls)
	calls.Go(func() {
		if _, err := s.Commit(t.Context(), testShard, testFence, set("new", "1")); err != nil {
			t.Error(err)
		}
	})
	queued(s, 1)
	for grain := range grains {
		calls.Go(func() {
			if err := s.Delete(t.Context(), testShard, testFence, fmt.Sprint("g", grain)); err != nil {
				t.Error(err)
			}
		})
	}
	queued(s, grains+1)
	close(h.release)
	calls.Wait()
	if n := h.transactions.Load(); n <= 2 || n > 10 {
		t.Errorf("%d big deletions took %d transactions", grains, n)
	}
	page, err := s.List(t.Context(), persistence.Query{Type: testShard.Type, KeysOnly: true})
	if err != nil || len(page.Records) != 2 {
		t.Errorf("%d records are left (%v), want the first and the new one", len(page.Records), err)
	}
}

// states are as many records of a grain as fit a commit.
func states(grain int) []persistence.Write {
	writes := make([]persistence.Write, persistence.MaxWrites)
	for i := range writes {
		writes[i].Key = persistence.Key{Grain: fmt.Sprint("g", grain), Name: fmt.Sprint(i)}
	}
	return writes
}

// What is too big for one transaction even alone is refused, and its neighbours are
// not.
func TestWhatNeverFitsIsTooLarge(t *testing.T) {
	const commits = 55
	dir := t.TempDir()
	s := openAt(t, dir, hooks{})
	for i := range commits {
		writes := states(0)
		for n := range writes {
			writes[n].Key.Name += fmt.Sprint("-", i)
		}
		mustCommit(t, s, writes...)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	h := newHeld()
	h.memTable = smallTable
	s = openAt(t, dir, h.hooks())
	var calls sync.WaitGroup
	h.begin(t, s, &calls)
	calls.Go(func() {
		if err := s.Delete(t.Context(), testShard, testFence, "g0"); !errors.Is(err, persistence.ErrTooLarge) {
			t.Errorf("deletion of %d records: got %v, want ErrTooLarge", commits*persistence.MaxWrites, err)
		}
	})
	for i := range 3 {
		calls.Go(func() {
			if _, err := s.Commit(t.Context(), testShard, testFence, set(fmt.Sprint("neighbour ", i), "1")); err != nil {
				t.Error(err)
			}
		})
	}
	queued(s, 4)
	close(h.release)
	calls.Wait()
	k := persistence.Key{Grain: "g0", Name: "0-0"}
	if _, err := s.Load(t.Context(), testShard, k); err != nil {
		t.Errorf("the refused deletion deleted: %v", err)
	}
}

func TestContextThatEndsBeforeTheTurnWithdraws(t *testing.T) {
	h := newHeld()
	s := openAt(t, t.TempDir(), h.hooks())
	var calls sync.WaitGroup
	h.begin(t, s, &calls)
	ctx, cancel := context.WithCancel(t.Context())
	errs := make(chan error, 1)
	calls.Go(func() {
		_, err := s.Commit(ctx, testShard, testFence, set("late", "1"))
		errs <- err
	})
	queued(s, 1)
	cancel()
	if err := <-errs; !errors.Is(err, context.Canceled) || errors.Is(err, persistence.ErrUnknownOutcome) {
		t.Errorf("withdrawn: got %v, want the context's error alone", err)
	}
	close(h.release)
	calls.Wait()
	mustCommit(t, s, set("barrier", "1"))
	if _, err := s.Load(t.Context(), testShard, persistence.Key{Grain: "late"}); !errors.Is(err, persistence.ErrNotFound) {
		t.Errorf("withdrawn and written: %v", err)
	}
}

func TestContextThatEndsLaterLeavesTheOutcomeUnknown(t *testing.T) {
	h := newHeld()
	s := openAt(t, t.TempDir(), h.hooks())
	ctx, cancel := context.WithCancel(t.Context())
	errs := make(chan error, 1)
	var calls sync.WaitGroup
	calls.Go(func() {
		_, err := s.Commit(ctx, testShard, testFence, set("a", "1"))
		errs <- err
	})
	<-h.stopped
	cancel()
	if err := <-errs; !errors.Is(err, persistence.ErrUnknownOutcome) || !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want ErrUnknownOutcome and the context's error", err)
	}
	close(h.release)
	calls.Wait()
}

// Close answers those who wait, and they are answered truly.
func TestCloseAnswersThoseWhoWait(t *testing.T) {
	const callers = 20
	dir := t.TempDir()
	h := newHeld()
	s := openAt(t, dir, h.hooks())
	var calls sync.WaitGroup
	h.begin(t, s, &calls)
	for i := range callers {
		calls.Go(func() {
			if _, err := s.Commit(t.Context(), testShard, testFence, set(fmt.Sprint(i), "1")); err != nil {
				t.Error(err)
			}
		})
	}
	queued(s, callers)
	for range 2 {
		calls.Go(func() {
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	close(h.release)
	calls.Wait()
	s = openAt(t, dir, hooks{})
	for i := range callers {
		if _, err := s.Load(t.Context(), testShard, persistence.Key{Grain: fmt.Sprint(i)}); err != nil {
			t.Error(err)
		}
	}
}

// After the disk failed a commit, nothing is written behind it.
func TestNothingIsWrittenAfterAFailedCommit(t *testing.T) {
	s := openAt(t, t.TempDir(), hooks{})
	mustCommit(t, s, set("a", "1"))
	s.committer.badger.Errorf(syncFailure+": %v\n", errors.New("input/output error"))
	_, err := s.Commit(t.Context(), testShard, testFence, set("b", "1"))
	if !errors.Is(err, persistence.ErrUnknownOutcome) {
		t.Errorf("the commit whose sync failed: got %v, want ErrUnknownOutcome", err)
	}
	_, err = s.Commit(t.Context(), testShard, testFence, set("c", "1"))
	if !errors.Is(err, errFailed) {
		t.Errorf("the commit after it: got %v, want errFailed", err)
	}
	if _, err := s.NextGeneration(t.Context()); !errors.Is(err, errFailed) {
		t.Errorf("a generation after it: got %v, want errFailed", err)
	}
	if _, err := s.Load(t.Context(), testShard, persistence.Key{Grain: "a"}); err != nil {
		t.Errorf("reading goes on: %v", err)
	}
	if _, err := s.Load(t.Context(), testShard, persistence.Key{Grain: "c"}); !errors.Is(err, persistence.ErrNotFound) {
		t.Errorf("the refused commit was written: %v", err)
	}
}
