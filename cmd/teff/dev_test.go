//go:build unix

package main

import (
	"bytes"
	"context"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// A screen is what a command writes while it runs.
type screen struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

func (s *screen) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// until waits for a line.
func (s *screen) until(t *testing.T, line string) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); {
		if strings.Contains(s.String(), line+"\n") {
			return
		}
	}
	t.Fatalf("%q was not written:\n%s", line, s)
}

// Each process is told who it is, what it writes has its name, and all are asked to end,
// with what they have started.
func TestDevRunsAndEndsProcesses(t *testing.T) {
	t.Setenv("TEFF_SILO_NATS", "nats://elsewhere:4222") // is for silos that run alone
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var out, told screen
	exit := make(chan int, 1)
	script := `trap 'echo bye; exit 0' TERM; echo "$TEFF_CLUSTER $TEFF_SILO_NAME $TEFF_SILO_MESH_NODE $TEFF_SILO_MESH_PEERS $TEFF_SILO_LISTEN[$TEFF_SILO_NATS]"; echo oops >&2; while :; do sleep 0.05; done`
	go func() {
		exit <- run(ctx, []string{"dev", "--cluster", "shop", "--silos", "4", "--listen", "127.0.0.1:1", "--", "sh", "-c", script}, streams{out: &out, err: &told})
	}()
	for _, name := range []string{"silo-1", "silo-2", "silo-3", "silo-4"} {
		told.until(t, name+" | oops")
	}
	cancel()
	if code := <-exit; code != exitOK {
		t.Errorf("it ends with %d:\n%s", code, &told)
	}
	const peer = `silo-%=nats://127\.0\.0\.1:\d+`
	peers := strings.ReplaceAll(peer, "%", "1") + "," + strings.ReplaceAll(peer, "%", "2") + "," + strings.ReplaceAll(peer, "%", "3")
	for _, want := range []string{
		`silo-1 \| shop silo-1 silo-1 ` + peers + ` 127\.0\.0\.1:1\[\]\n`,
		`silo-4 \| shop silo-4 silo-4 ` + peers + ` 127\.0\.0\.1:0\[\]\n`,
		`silo-1 \| bye\n`, `silo-4 \| bye\n`,
	} {
		if !regexp.MustCompile(want).MatchString(out.String()) {
			t.Errorf("%q is not in what they wrote:\n%s", want, &out)
		}
	}
	if !strings.Contains(told.String(), "draining 4 silos") {
		t.Errorf("it does not say what it does:\n%s", &told)
	}
}

// A process that ends is told of, and is not started again.
func TestDevTellsThatAProcessHasEnded(t *testing.T) {
	end := type1("dev", "--silos", "2", "--listen", "127.0.0.1:1", "--", "sh", "-c", "printf 'no end of line'; exit 3").run(t.Context())
	if end.exit != exitCoded || strings.Count(end.out, "| no end of line\n") != 2 ||
		!strings.Contains(end.errors, "silo-1 has ended (exit status 3)") || !strings.Contains(end.errors, "2 silos ended with an error") {
		t.Errorf("got %+v", end)
	}
	end = type1("dev", "--silos", "0").run(t.Context())
	if end.exit != exitUsage {
		t.Errorf("got %+v", end)
	}
}
