package badgerstore

import (
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/teff-dev/teff/persistence"
)

// A fakeDisk has as much room as the test says, and counts how often it is asked.
type fakeDisk struct {
	free  atomic.Uint64
	asked atomic.Int64
	time  atomic.Int64 // nanoseconds
	fails atomic.Bool
}

func (d *fakeDisk) hooks() hooks {
	return hooks{
		free: func(string) (uint64, error) {
			d.asked.Add(1)
			if d.fails.Load() {
				return 0, errors.New("no answer")
			}
			return d.free.Load(), nil
		},
		now: func() time.Time { return time.Unix(1, d.time.Load()) },
	}
}

// turn changes the free space and lets the last answer get old.
func (d *fakeDisk) turn(free uint64) {
	d.free.Store(free)
	d.time.Add(int64(spaceEvery))
}

func TestBelowTheWatermarkNothingIsSet(t *testing.T) {
	d := &fakeDisk{}
	d.turn(DefaultMinFree)
	s := openAt(t, t.TempDir(), d.hooks())
	ctx := t.Context()
	revisions := mustCommit(t, s, set("a", "1"))

	d.turn(DefaultMinFree - 1)
	_, err := s.Commit(ctx, testShard, testFence, set("b", "1"))
	if !errors.Is(err, persistence.ErrFull) || !strings.Contains(err.Error(), "MinFree") {
		t.Fatalf("commit on a full disk: got %v, want ErrFull and what to do", err)
	}
	if _, err := s.Load(ctx, testShard, persistence.Key{Grain: "a"}); err != nil {
		t.Errorf("reading goes on: %v", err)
	}
	// What frees room, or lets another silo read, goes on for a while.
	remove := persistence.Write{Key: persistence.Key{Grain: "a"}, Delete: true, Expect: revisions[0]}
	mustCommit(t, s, remove)
	if err := s.Delete(ctx, testShard, testFence, "a"); err != nil {
		t.Error(err)
	}
	if err := s.Claim(ctx, testFence, testShard); err != nil {
		t.Error(err)
	}

	d.turn(DefaultMinFree/smallShare - 1)
	if err := s.Delete(ctx, testShard, testFence, "a"); !errors.Is(err, persistence.ErrFull) {
		t.Errorf("delete on a very full disk: got %v, want ErrFull", err)
	}
	if _, err := s.NextGeneration(ctx); !errors.Is(err, persistence.ErrFull) {
		t.Errorf("generation on a very full disk: got %v, want ErrFull", err)
	}

	d.turn(DefaultMinFree)
	mustCommit(t, s, set("b", "1"))
}

func TestTheFileSystemIsAskedRarely(t *testing.T) {
	d := &fakeDisk{}
	d.turn(1 << 40)
	s := openAt(t, t.TempDir(), d.hooks())
	for i := range 100 {
		if err := s.Delete(t.Context(), testShard, testFence, "nobody"); err != nil {
			t.Fatal(i, err)
		}
	}
	if n := d.asked.Load(); n != 1 {
		t.Errorf("asked %d times at one instant, want once", n)
	}
	// Much written is as good as much time.
	mustCommit(t, s, set("big", strings.Repeat("x", spaceBytes)))
	mustCommit(t, s, set("small", "x"))
	if n := d.asked.Load(); n != 2 {
		t.Errorf("asked %d times after %d MiB, want twice", n, spaceBytes>>20)
	}
}

// What was written since the last answer is taken off it.
func TestTheAnswerIsCountedDown(t *testing.T) {
	d := &fakeDisk{}
	d.turn(DefaultMinFree + 1<<20)
	s := openAt(t, t.TempDir(), d.hooks())
	mustCommit(t, s, set("a", strings.Repeat("x", 1<<20)))
	_, err := s.Commit(t.Context(), testShard, testFence, set("b", "1"))
	if !errors.Is(err, persistence.ErrFull) {
		t.Errorf("got %v, want ErrFull", err)
	}
}

func TestNoAnswerIsNoReasonToRefuse(t *testing.T) {
	d := &fakeDisk{}
	d.fails.Store(true)
	s := openAt(t, t.TempDir(), d.hooks())
	mustCommit(t, s, set("a", "1"))
	d.fails.Store(false)
	d.turn(0)
	if _, err := s.Commit(t.Context(), testShard, testFence, set("b", "1")); !errors.Is(err, persistence.ErrFull) {
		t.Errorf("got %v, want ErrFull", err)
	}
}

func TestTheWatermarkCanBeTurnedOff(t *testing.T) {
	d := &fakeDisk{}
	s, err := open(t.TempDir(), Options{MinFree: -1}, d.hooks())
	if err != nil {
		t.Fatal(err)
	}
	mustCommit(t, s, set("a", "1"))
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if n := d.asked.Load(); n != 0 {
		t.Errorf("asked %d times", n)
	}
}

func TestTheFileSystemAnswers(t *testing.T) {
	free, err := freeBytes(t.TempDir())
	if err != nil && !errors.Is(err, errSpaceUnknown) {
		t.Fatal(err)
	}
	if err == nil && free == 0 {
		t.Error("no byte is free, or the answer is wrong")
	}
	if _, err := freeBytes("/nowhere/at/all"); err == nil {
		t.Error("a directory that is not there has free space")
	}
}
