package silo_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/teff-dev/teff/client"
	"github.com/teff-dev/teff/grain"
	"github.com/teff-dev/teff/internal/bus"
	"github.com/teff-dev/teff/persistence/memstore"
	"github.com/teff-dev/teff/silo"
)

// begin starts a silo that the test stops itself.
func begin(t *testing.T, cfg silo.Config) *silo.Silo {
	t.Helper()
	cfg.DataDir, cfg.Store, cfg.Logger = t.TempDir(), memstore.New(), quiet()
	s, err := silo.Start(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// outside runs a NATS server that outlives the silos of the test.
func outside(t *testing.T) string {
	t.Helper()
	srv, err := bus.StartServer(bus.ServerOptions{Listen: "127.0.0.1:0", StoreDir: t.TempDir(), Name: "outside", Logger: quiet()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(srv.Stop)
	return srv.URL()
}

// A silo that cannot reach NATS stops at once: there is nobody to hand over to.
func TestStopWithoutNATS(t *testing.T) {
	srv, err := bus.StartServer(bus.ServerOptions{Listen: "127.0.0.1:0", StoreDir: t.TempDir(), Logger: quiet()})
	if err != nil {
		t.Fatal(err)
	}
	sc := &script{do: func(context.Context, *probe, string) (string, error) { return "", nil }}
	s := begin(t, silo.Config{Grains: []grain.Kind{sc.kind()}, NATS: srv.URL(), DrainTimeout: time.Hour})
	mustDo(t, s, "k", "")
	srv.Stop()
	waitFor(t, func() bool { return !silo.Connected(s) })
	if err := s.Stop(t.Context()); err != nil { // or the test runs out of time
		t.Error(err)
	}
}

func TestStopTwiceAtOnceOrNothing(t *testing.T) {
	var none *silo.Silo
	if err := none.Stop(t.Context()); err != nil {
		t.Errorf("a nil silo: %v", err)
	}
	var deactivated atomic.Int64
	sc := &script{
		do: func(context.Context, *probe, string) (string, error) { return "", nil },
		onDeactivate: func(context.Context, *probe, grain.DeactivationReason) error {
			deactivated.Add(1)
			return nil
		},
	}
	s := begin(t, silo.Config{Grains: []grain.Kind{sc.kind()}})
	mustDo(t, s, "k", "")
	var wg sync.WaitGroup
	for range 10 {
		wg.Go(func() {
			if err := s.Stop(t.Context()); err != nil || deactivated.Load() != 1 {
				t.Errorf("stopped with %v after %d deactivations", err, deactivated.Load())
			}
		})
	}
	wg.Wait()
	if err := s.Stop(t.Context()); err != nil {
		t.Errorf("once more: %v", err)
	}
	_, err := do(t.Context(), s, "k", "")
	if e := wantCode(t, err, grain.CodeUnavailable); !e.NotExecuted() {
		t.Errorf("a call of a stopped silo: %v, not executed: %v", e, e.NotExecuted())
	}
}

// A register knows of each call whether it ran, and how often, and what its caller heard.
type register struct {
	mu    sync.Mutex
	ran   map[string]int
	heard map[string]error
}

func (r *register) run(call string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ran[call]++
}

func (r *register) hear(call string, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.heard[call] = err
}

// check holds what callers heard against what ran: an answer for each call that ran, and
// no call that ran behind an error.
func (r *register) check(t *testing.T) {
	t.Helper()
	refused := 0
	for call, err := range r.heard {
		switch n := r.ran[call]; {
		case err == nil && n != 1:
			t.Errorf("%s was answered and ran %d times", call, n)
		case err != nil && n != 0:
			t.Errorf("%s ran %d times and its caller heard %v", call, n, err)
		}
		if err == nil {
			continue
		}
		refused++
		var coded *grain.Error
		switch code := grain.CodeOf(err); {
		case code == grain.CodeDeadlineExceeded && !strings.HasPrefix(call, "local"): // a client that went on trying until then
		case !errors.As(err, &coded) || !coded.NotExecuted() || code != grain.CodeUnavailable:
			t.Errorf("%s was refused with %v", call, err)
		}
	}
	if len(r.heard) == refused || refused == 0 {
		t.Errorf("of %d calls %d failed: the silo did not stop under load", len(r.heard), refused)
	}
}

// TestStopUnderLoadLosesNoCall: each call is answered, or refused and never ran.
func TestStopUnderLoadLosesNoCall(t *testing.T) {
	for _, server := range []string{"embedded", "outside"} {
		t.Run(server, func(t *testing.T) {
			reg := &register{ran: map[string]int{}, heard: map[string]error{}}
			sc := &script{do: func(ctx context.Context, p *probe, text string) (string, error) {
				if rest, ok := strings.CutPrefix(text, "onward "); ok {
					return do(ctx, p.a, "onward-of-"+p.a.ID().Key, rest)
				}
				reg.run(text)
				return text, nil
			}}
			cfg := silo.Config{Grains: []grain.Kind{sc.kind()}}
			if server == "outside" {
				cfg.NATS = outside(t)
			}
			s := begin(t, cfg)
			c, err := client.Connect(t.Context(), client.Config{NATS: s.URL(), Logger: quiet()})
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			var wg sync.WaitGroup
			var answered atomic.Int64
			load(&wg, reg, &answered, s, "local", 8)
			load(&wg, reg, &answered, c, "remote", 16)
			waitFor(t, func() bool { return answered.Load() > 500 })
			if err := s.Stop(t.Context()); err != nil {
				t.Error(err)
			}
			wg.Wait()
			reg.check(t)
		})
	}
}

// load makes calls one after the other from n callers, each until one fails.
func load(wg *sync.WaitGroup, reg *register, answered *atomic.Int64, caller grain.Caller, side string, n int) {
	for i := range n {
		wg.Go(func() {
			for j := 0; ; j++ {
				call := fmt.Sprint(side, "-", i, "-", j)
				text := call
				if j%3 == 0 {
					text = "onward " + call
				}
				ctx, cancel := context.WithTimeout(context.Background(), time.Second)
				_, err := do(ctx, caller, fmt.Sprint("grain-", i%4, "-", j%10), text)
				cancel()
				reg.hear(call, err)
				if err != nil {
					return
				}
				answered.Add(1)
			}
		})
	}
}

func TestStopWithAMethodThatHangs(t *testing.T) {
	for _, side := range []string{"local", "remote"} {
		t.Run(side, func(t *testing.T) {
			gate, after := make(chan struct{}), make(chan error, 1)
			sc := &script{do: func(ctx context.Context, p *probe, text string) (string, error) {
				if text == "hang" {
					<-gate
					after <- p.add(context.WithoutCancel(ctx), 1)
				}
				return text, nil
			}}
			s := begin(t, silo.Config{Grains: []grain.Kind{sc.kind()}, DrainTimeout: 20 * time.Millisecond})
			var caller grain.Caller = s
			if side == "remote" {
				caller = connect(t, s)
			}
			hung, queued := make(chan error, 1), make(chan error, 1)
			go func() { _, err := do(t.Context(), caller, "k", "hang"); hung <- err }()
			waitFor(t, func() bool { return silo.Running(s, probeType, "k") })
			// A client goes on asking, in case another silo starts.
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
			defer cancel()
			go func() { _, err := do(ctx, caller, "k", "queued"); queued <- err }()
			waitFor(t, func() bool { return silo.Waiting(s, probeType, "k") == 2 })
			began := time.Now()
			err := s.Stop(t.Context())
			if took := time.Since(began); took > 8*time.Second {
				t.Errorf("Stop took %s", took)
			}
			if want := probeType + "/k still runs " + probeType + ".Do"; err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("Stop returned %v, want %q", err, want)
			}
			if e := wantCode(t, <-hung, grain.CodeMaybeExecuted); e.NotExecuted() {
				t.Errorf("%v promises that nothing was executed", e)
			}
			if e := wantCode(t, <-queued, grain.CodeUnavailable); !e.NotExecuted() {
				t.Errorf("%v does not promise that nothing was executed", e)
			}
			close(gate)
			wantCode(t, <-after, grain.CodeAborted) // the store is somebody else's now
		})
	}
}

// A method, or a hook, that heeds its context ends when Stop loses patience.
func TestStopCancelsWhatHeedsItsContext(t *testing.T) {
	wait := func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
	never := func(context.Context, *probe) error { return nil }
	for name, c := range map[string]struct {
		method, hook func(ctx context.Context, p *probe) error
		calls        bool // the call is under way when the silo stops
	}{
		"method":       {method: func(ctx context.Context, _ *probe) error { return wait(ctx) }, hook: never, calls: true},
		"OnDeactivate": {method: never, hook: func(ctx context.Context, _ *probe) error { return wait(ctx) }},
	} {
		t.Run(name, func(t *testing.T) {
			sc := &script{
				do: func(ctx context.Context, p *probe, _ string) (string, error) { return "", c.method(ctx, p) },
				onDeactivate: func(ctx context.Context, p *probe, _ grain.DeactivationReason) error {
					return c.hook(ctx, p)
				},
			}
			s := begin(t, silo.Config{Grains: []grain.Kind{sc.kind()}, DrainTimeout: 20 * time.Millisecond})
			failed := make(chan error, 1)
			go func() { _, err := do(t.Context(), s, "k", ""); failed <- err }()
			if c.calls {
				waitFor(t, func() bool { return silo.Running(s, probeType, "k") })
			} else if err := <-failed; err != nil {
				t.Fatal(err)
			}
			if err := s.Stop(t.Context()); err != nil {
				t.Errorf("Stop returned %v", err)
			}
			if c.calls {
				wantCode(t, <-failed, grain.CodeCancelled)
			}
		})
	}
}

func TestStopWithAHookThatHangs(t *testing.T) {
	for _, hook := range []string{"OnActivate", "OnDeactivate"} {
		t.Run(hook, func(t *testing.T) {
			gate, entered := make(chan struct{}), make(chan struct{}, 1)
			hang := func() error { entered <- struct{}{}; <-gate; return nil }
			sc := &script{do: func(context.Context, *probe, string) (string, error) { return "", nil }}
			if hook == "OnActivate" {
				sc.onActivate = func(context.Context, *probe) error { return hang() }
			} else {
				sc.onDeactivate = func(context.Context, *probe, grain.DeactivationReason) error { return hang() }
			}
			s := begin(t, silo.Config{Grains: []grain.Kind{sc.kind()}, DrainTimeout: 20 * time.Millisecond})
			called := make(chan error, 1)
			go func() { _, err := do(t.Context(), s, "k", ""); called <- err }()
			if hook == "OnActivate" {
				<-entered
			} else if err := <-called; err != nil {
				t.Fatal(err)
			}
			err := s.Stop(t.Context())
			if want := probeType + "/k still runs " + hook; err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("Stop returned %v, want %q", err, want)
			}
			if hook == "OnActivate" {
				if e := wantCode(t, <-called, grain.CodeUnavailable); !e.NotExecuted() {
					t.Errorf("%v does not promise that nothing was executed", e)
				}
			}
			close(gate)
		})
	}
}

// Calls within a silo that drains go on: what has begun is to end well.
func TestStopLetsTurnsMakeTheirCalls(t *testing.T) {
	gate := make(chan struct{})
	sc := &script{do: func(ctx context.Context, p *probe, text string) (string, error) {
		if text == "leaf" {
			return text, p.add(ctx, 1)
		}
		<-gate
		return do(ctx, p.a, "a grain that is not in memory", "leaf")
	}}
	s := begin(t, silo.Config{Grains: []grain.Kind{sc.kind()}})
	got := make(chan error, 1)
	go func() { _, err := do(t.Context(), s, "k", "root"); got <- err }()
	waitFor(t, func() bool { return silo.Running(s, probeType, "k") })
	stopped := make(chan error, 1)
	go func() { stopped <- s.Stop(t.Context()) }()
	waitFor(t, func() bool { return silo.Draining(s) })
	gate <- struct{}{}
	if err := <-got; err != nil {
		t.Errorf("the turn under way ended with %v", err)
	}
	if err := <-stopped; err != nil {
		t.Error(err)
	}
}

func TestStopLeavesNothingRunning(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	sc := &script{do: func(ctx context.Context, p *probe, _ string) (string, error) { return "", p.add(ctx, 1) }}
	s, err := silo.Start(t.Context(), silo.Config{DataDir: t.TempDir(), Logger: quiet(), Grains: []grain.Kind{sc.kind()}})
	if err != nil {
		t.Fatal(err)
	}
	c, err := client.Connect(t.Context(), client.Config{NATS: s.URL(), Logger: quiet()})
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Go(func() {
			mustDo(t, s, fmt.Sprint("local-", i), "")
			mustDo(t, c, fmt.Sprint("remote-", i), "")
		})
	}
	wg.Wait()
	c.Close()
	if err := s.Stop(t.Context()); err != nil {
		t.Error(err)
	}
}
