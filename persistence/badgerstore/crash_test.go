package badgerstore

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/teff-dev/teff/persistence"
)

// crashDir is the environment variable that makes the test binary the process to be
// killed.
const crashDir = "TEFF_BADGERSTORE_CRASH_DIR"

const crashWriters = 8

// commitUntilKilled writes two records a commit, one of them big at times, and prints
// WRITER NUMBER REVISION once it is acknowledged.
func commitUntilKilled(dir string) {
	ctx := context.Background()
	s, err := Open(dir, Options{})
	if err != nil {
		fmt.Println("error", err)
		os.Exit(1)
	}
	generation, err := s.NextGeneration(ctx)
	if err != nil {
		fmt.Println("error", err)
		os.Exit(1)
	}
	var wg sync.WaitGroup
	for w := range crashWriters {
		wg.Go(func() {
			for i := 0; ; i++ {
				revisions, err := s.Commit(ctx, testShard, persistence.Fence{Generation: generation}, crashWrites(generation, w, i)...)
				if err != nil {
					fmt.Println("error", err)
					return
				}
				fmt.Println(w, i, uint64(revisions[1]))
			}
		})
	}
	wg.Wait()
	os.Exit(1)
}

func crashWrites(generation uint64, writer, i int) []persistence.Write {
	grain := fmt.Sprint(generation, "-", writer, "-", i)
	size := 10
	switch {
	case i%25 == 24:
		size = stageBytes/2 + 1 // each of two: staged
	case i%5 == 0:
		size = 3 * inlineMost
	}
	value := []byte(strings.Repeat(fmt.Sprint(i%10), size))
	return []persistence.Write{
		{Key: persistence.Key{Grain: grain, Name: "x"}, Value: value},
		{Key: persistence.Key{Grain: grain, Name: "y"}, Value: value},
	}
}

type crashAck struct {
	writer, number int
	revision       persistence.Revision
}

// TestKillLosesNothingAcknowledged kills a process that commits, again and again on
// one directory, and looks for everything that was acknowledged.
func TestKillLosesNothingAcknowledged(t *testing.T) {
	const rounds, acksBeforeKill = 3, 250
	dir := t.TempDir()
	var highest persistence.Revision
	for round := 1; round <= rounds; round++ {
		acks := killAfter(t, dir, acksBeforeKill)
		if len(acks) < acksBeforeKill {
			t.Fatalf("round %d: killed after %d acknowledgements, want %d", round, len(acks), acksBeforeKill)
		}
		s := openAt(t, dir, hooks{})
		generation := uint64(2*round - 1)
		for _, a := range acks {
			if a.revision <= highest {
				t.Fatalf("round %d: revision %d was given, and %d before the crash", round, a.revision, highest)
			}
			loadCrashed(t, s, generation, a)
		}
		for _, a := range acks {
			highest = max(highest, a.revision)
		}
		checkPairs(t, s)
		afterCrash(t, s, generation, highest)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// killAfter runs the process until it has acknowledged n commits, kills it, and
// returns all that it acknowledged.
func killAfter(t *testing.T, dir string, n int) []crashAck {
	t.Helper()
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^$")
	child.Env = append(os.Environ(), crashDir+"="+dir)
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	child.Stderr = os.Stderr
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	var acks []crashAck
	for lines := bufio.NewScanner(out); lines.Scan(); {
		var a crashAck
		if _, err := fmt.Sscan(lines.Text(), &a.writer, &a.number, &a.revision); err != nil {
			t.Errorf("the process says: %s", lines.Text())
			continue
		}
		if acks = append(acks, a); len(acks) == n {
			if err := child.Process.Kill(); err != nil {
				t.Error(err)
			}
		}
	}
	var exit *exec.ExitError
	if err := child.Wait(); !errors.As(err, &exit) || exit.Exited() {
		t.Errorf("the process was not killed: %v", err)
	}
	return acks
}

func loadCrashed(t *testing.T, s *Store, generation uint64, a crashAck) {
	t.Helper()
	for i, w := range crashWrites(generation, a.writer, a.number) {
		r, err := s.Load(t.Context(), testShard, w.Key)
		if err != nil {
			t.Fatalf("acknowledged and lost: %v", err)
		}
		if string(r.Value) != string(w.Value) || i == 1 && r.Revision != a.revision {
			t.Fatalf("acknowledged %s at %d and found %d bytes at %d", w.Key, a.revision, len(r.Value), r.Revision)
		}
	}
}

// checkPairs: a commit that was not acknowledged is there as a whole or not at all.
func checkPairs(t *testing.T, s *Store) {
	t.Helper()
	values := map[string]string{}
	pairs := 0
	for query := (persistence.Query{Type: testShard.Type}); ; {
		page, err := s.List(t.Context(), query)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range page.Records {
			if r.Key.Name == "x" {
				values[r.Key.Grain] = string(r.Value)
				continue
			}
			if value, ok := values[r.Key.Grain]; !ok || value != string(r.Value) {
				t.Fatalf("%s: one half of a commit is missing or other than the other", r.Key)
			}
			pairs++
		}
		if query.After = page.Next; query.After == "" {
			break
		}
	}
	if pairs != len(values) {
		t.Fatalf("%d halves of commits, %d others", len(values), pairs)
	}
}

// afterCrash: the fence and the counters are those of before, or higher.
func afterCrash(t *testing.T, s *Store, generation uint64, highest persistence.Revision) {
	t.Helper()
	ctx := t.Context()
	_, err := s.Commit(ctx, testShard, persistence.Fence{Generation: generation - 1}, set("late", "1"))
	if !errors.Is(err, persistence.ErrFenced) {
		t.Errorf("a commit with the fence before: got %v, want ErrFenced", err)
	}
	if g, err := s.NextGeneration(ctx); err != nil || g != generation+1 {
		t.Errorf("generation %d (%v), want %d", g, err, generation+1)
	}
	grain := "after-" + strconv.FormatUint(generation, 10)
	f := persistence.Fence{Generation: generation}
	revisions, err := s.Commit(ctx, testShard, f, set(grain, "1"))
	if err != nil || revisions[0] <= highest {
		t.Errorf("revision %v (%v) after %d", revisions, err, highest)
	}
	if err := s.Delete(ctx, testShard, f, grain); err != nil {
		t.Error(err)
	}
}
