package silo_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/teff-dev/teff/client"
	"github.com/teff-dev/teff/grain"
	probev1 "github.com/teff-dev/teff/internal/probe/probe/v1"
	"github.com/teff-dev/teff/internal/probe/probe/v1/probev1teff"
	"github.com/teff-dev/teff/silo"
)

// Behaviour D6: what was acknowledged outlives a SIGKILL, and what was not is there once
// or not at all.
func TestBehaviourD6AKillLosesNothingAcknowledged(t *testing.T) {
	const rounds, grains = 2, 8
	dir := t.TempDir()
	acked := make([]int64, grains)
	for round := range rounds {
		killUnderLoad(t, dir, acked)
		s, err := silo.Start(t.Context(), silo.Config{DataDir: dir, Logger: quiet(), Grains: []grain.Kind{ledger().kind()}})
		if err != nil {
			t.Fatal(err)
		}
		for i := range acked {
			look, err := probev1teff.ProbeOf(s, key(i)).Look(t.Context(), &probev1.LookRequest{})
			if err != nil {
				t.Fatal(err)
			}
			if got := look.GetNumber(); got != acked[i] && got != acked[i]+1 {
				t.Errorf("round %d: %s has %d, %d were acknowledged", round, key(i), got, acked[i])
			}
			acked[i] = look.GetNumber()
		}
		if err := s.Stop(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
}

func key(i int) string { return fmt.Sprint("grain-", i) }

// killUnderLoad runs a silo in a process of its own, adds ones from one caller a grain,
// kills the process while they do, and counts in acked what was acknowledged.
func killUnderLoad(t *testing.T, dir string, acked []int64) {
	t.Helper()
	const before = 200 // acknowledgements
	victim, url := startVictim(t, dir)
	c, err := client.Connect(t.Context(), client.Config{NATS: url, Logger: quiet()})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	var wg sync.WaitGroup
	var total atomic.Int64
	enough := make(chan struct{})
	for i := range acked {
		wg.Go(func() {
			for {
				if _, err := do(ctx, c, key(i), "1"); err != nil {
					return // killed; whether it happened is not known
				}
				acked[i]++
				if total.Add(1) == before {
					close(enough)
				}
			}
		})
	}
	select {
	case <-enough:
	case <-ctx.Done():
		t.Errorf("%d acknowledgements in time, want %d", total.Load(), before)
	}
	if err := victim.Process.Kill(); err != nil {
		t.Error(err)
	}
	var exit *exec.ExitError
	if err := victim.Wait(); !errors.As(err, &exit) || exit.Exited() {
		t.Errorf("the silo was not killed: %v", err)
	}
	cancel() // nobody will answer
	wg.Wait()
}

// startVictim returns a silo's process and the URL of its server.
func startVictim(t *testing.T, dir string) (*exec.Cmd, string) {
	t.Helper()
	victim := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^$")
	victim.Env = append(os.Environ(), victimDir+"="+dir)
	victim.Stderr = os.Stderr
	out, err := victim.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := victim.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	url := strings.TrimSpace(line)
	if err != nil || !strings.HasPrefix(url, "nats://") {
		t.Fatalf("the silo's process says %q (%v)", url, err)
	}
	return victim, url
}
