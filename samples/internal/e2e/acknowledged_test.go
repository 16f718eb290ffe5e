//go:build unix

package e2e

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/teff-dev/teff/client"
	"github.com/teff-dev/teff/grain"
	wordcountv1 "github.com/teff-dev/teff/samples/wordcount/wordcount/v1"
	"github.com/teff-dev/teff/samples/wordcount/wordcount/v1/wordcountv1teff"
)

// A run that is killed midway has on the disk all that it said was counted. The next run
// on the same directory adds to exactly that.
func TestWordcountKilledMidwayLosesNothing(t *testing.T) {
	t.Parallel()
	files := httpFiles(t, "t*.go")
	full := counts(t, recount(t, files...))
	data := t.TempDir()
	p := start(t, "wordcount", append([]string{"-data", data}, files...)...)
	progress := p.await(`counting words: (\d+) of (\d+)\n`)
	p.kill()
	told, err := strconv.Atoi(progress[1])
	if err != nil {
		t.Fatal(err)
	}

	// To ask for the counts, count a word that was not there.
	probe := filepath.Join(t.TempDir(), "probe")
	if err := os.WriteFile(probe, []byte("teffteff"), 0o600); err != nil {
		t.Fatal(err)
	}
	stored := counts(t, tidy(must(t, "wordcount", "-data", data, "-top", all, probe)))
	if stored["teffteff"] != 1 {
		t.Fatalf("the probe was counted %d times", stored["teffteff"])
	}
	delete(stored, "teffteff")
	sum := 0
	for word, count := range stored {
		sum += count
		if count > full[word] {
			t.Errorf("%s was counted %d times, and there are %d", word, count, full[word])
		}
	}
	t.Logf("killed after %s of %s words, and %d are stored", progress[1], progress[2], sum)
	if sum < told {
		t.Errorf("%d words were acknowledged, and %d are stored", told, sum)
	}

	got := counts(t, tidy(must(t, "wordcount", append([]string{"-data", data, "-top", all}, files...)...)))
	for word, count := range full {
		if got[word] != stored[word]+count {
			t.Errorf("%s: %d were stored, %d came, and now there are %d", word, stored[word], count, got[word])
		}
	}
}

// adders call words, each one after the other: one of its own and one that all share.
type adders struct {
	mu      sync.Mutex
	acked   map[string]int64
	unknown map[string]int64 // may have been counted

	calls atomic.Int64  // that were acknowledged
	many  chan struct{} // closed when there are enough to kill for
	wg    sync.WaitGroup
}

const (
	numAdders = 16
	enough    = 800
)

func startAdders(ctx context.Context, c *client.Client, a *adders) {
	a.many = make(chan struct{})
	a.calls.Store(0)
	for i := range numAdders {
		a.wg.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				word := "shared"
				if n%4 != 0 {
					word = "word" + strconv.Itoa(i)
				}
				_, err := wordcountv1teff.WordOf(c, word).Add(ctx, &wordcountv1.AddRequest{})
				a.note(word, err)
			}
		})
	}
}

func (a *adders) note(word string, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	var e *grain.Error
	switch {
	case err == nil:
		a.acked[word]++
		if a.calls.Add(1) == enough {
			close(a.many)
		}
	case errors.As(err, &e) && e.NotExecuted():
	default:
		a.unknown[word]++
	}
}

// check asks for each word and compares.
func (a *adders) check(t *testing.T, c *client.Client) {
	t.Helper()
	for word, acked := range a.acked {
		resp, err := wordcountv1teff.WordOf(c, word).Get(t.Context(), &wordcountv1.GetRequest{})
		if err != nil {
			t.Fatal(err)
		}
		if got := resp.GetCount(); got < acked || got > acked+a.unknown[word] {
			t.Errorf("%s: %d calls were acknowledged, %d others may have been counted, and %d were", word, acked, a.unknown[word], got)
		}
	}
}

// Whoever calls from outside finds each acknowledged call again after a kill, and no call
// twice. After SIGTERM the same.
func TestNoAcknowledgedCallIsLost(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	a := adders{acked: map[string]int64{}, unknown: map[string]int64{}}
	for _, way := range []struct {
		name string
		end  func(*process)
	}{{"SIGKILL", (*process).kill}, {"SIGTERM", (*process).drain}, {"SIGKILL again", (*process).kill}} {
		p, url := serve(t, "wordcount", "-data", data)
		c := connect(t, url)
		a.check(t, c)
		ctx, cancel := context.WithCancel(t.Context())
		startAdders(ctx, c, &a)
		select {
		case <-a.many:
		case <-p.ended:
			t.Fatalf("wordcount ended:\n%s", p.stderr.String())
		}
		way.end(p)
		cancel()
		c.Close()
		a.wg.Wait()
		t.Logf("%s after %d acknowledged calls; so far unknown: %v", way.name, a.calls.Load(), a.unknown)
	}
	p, url := serve(t, "wordcount", "-data", data)
	a.check(t, connect(t, url))
	p.drain()
}

func connect(t *testing.T, url string) *client.Client {
	t.Helper()
	c, err := client.Connect(t.Context(), client.Config{NATS: url, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}
