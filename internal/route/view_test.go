package route_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/teff-dev/teff/grain"
	"github.com/teff-dev/teff/internal/probe/probe/v1/probev1teff"
	"github.com/teff-dev/teff/internal/wire"
)

func TestViewIsFetchedOnce(t *testing.T) {
	url := natsServer(t)
	f := newFake(t, url, "A", wellDone)
	r, _ := newRouter(t, url, patience)
	for range 20 {
		if err := do(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if err := look(t.Context(), r); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	calls, _, views := f.got()
	if len(calls) != 40 || views != 1 {
		t.Errorf("%d calls and %d views, want 40 and 1", len(calls), views)
	}
	if want := names(t).Direct("A", probev1teff.ProbeName, "k", "Do"); calls[0].Subject != want {
		t.Errorf("the call went to %s, want %s", calls[0].Subject, want)
	}
}

// The silo is gone and another has come: NATS says so at once, and the new view is asked.
func TestViewIsFetchedAgainWhenTheSiloIsGone(t *testing.T) {
	url := natsServer(t)
	a := newFake(t, url, "A", wellDone)
	r, _ := newRouter(t, url, patience)
	if err := do(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	a.nc.Close()
	b := newFake(t, url, "B", wellDone)
	for range 3 {
		if err := do(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	if _, _, views := b.got(); b.sends() != 3 || views != 1 || a.sends() != 1 {
		t.Errorf("the new silo got %d calls and %d times told the view; the old one got %d", b.sends(), views, a.sends())
	}
}

// Where no silo is, or none any more, the error says which cluster was looked for.
func TestNobodyServesTheCluster(t *testing.T) {
	url := natsServer(t)
	r, _ := newRouter(t, url, 100*time.Millisecond)
	begun := time.Now()
	if e := wantCode(t, do(t.Context(), r), grain.CodeUnavailable, true); !strings.Contains(e.Message(), `cluster "teff"`) || !strings.Contains(e.Message(), url) {
		t.Errorf("got %v", e)
	}
	if took := time.Since(begun); took > patience/4 {
		t.Errorf("it took %s", took)
	}
	// And when a silo comes while a call tries, the call is served.
	done := make(chan error, 1)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	go func() { done <- do(ctx, r) }()
	newFake(t, url, "A", wellDone)
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// A silo that does not tell the view costs a call no more than the call's own time.
func TestASilentViewTakesNoMoreThanTheCallsTime(t *testing.T) {
	url := natsServer(t)
	nc := dial(t, url)
	if _, err := nc.Subscribe(names(t).View(), func(*nats.Msg) {}); err != nil {
		t.Fatal(err)
	}
	if err := nc.Flush(); err != nil {
		t.Fatal(err)
	}
	r, _ := newRouter(t, url, 50*time.Millisecond)
	begun := time.Now()
	wantCode(t, do(t.Context(), r), grain.CodeUnavailable, true)
	if took := time.Since(begun); took > 1500*time.Millisecond { // asking for the view may take 2 s
		t.Errorf("a call with 50 ms took %s", took)
	}
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(10*time.Millisecond, cancel)
	slow, _ := newRouter(t, url, patience)
	wantCode(t, do(ctx, slow), grain.CodeCancelled, true)
}

// What is wrong with the cluster, and stays wrong, is told at once and not tried again.
func TestViewThatIsOfNoUse(t *testing.T) {
	url := natsServer(t)
	f := newFake(t, url, "A", wellDone)
	for name, c := range map[string]struct {
		view *nats.Msg
		code grain.Code
		says string
	}{
		"newer wire":   {f.viewOf(wire.Version+1, probev1teff.ProbeName), grain.CodeFailedPrecondition, "version 2"},
		"no version":   {f.viewOf(0, probev1teff.ProbeName), grain.CodeFailedPrecondition, "version 0"},
		"garbage":      {&nats.Msg{Data: []byte("\xff\xff")}, grain.CodeInternal, "decoded"},
		"an error":     {failing(grain.CodePermissionDenied, false), grain.CodePermissionDenied, "no"},
		"another type": {f.viewOf(wire.Version, probev1teff.BlankName), grain.CodeUnimplemented, probev1teff.ProbeName},
		"no type":      {f.viewOf(wire.Version), grain.CodeUnimplemented, probev1teff.ProbeName},
	} {
		t.Run(name, func(t *testing.T) {
			r, _ := newRouter(t, url, patience)
			usual := f.view
			f.mu.Lock()
			f.view, f.views = func() *nats.Msg { return c.view }, 0
			f.mu.Unlock()
			if e := wantCode(t, do(t.Context(), r), c.code, true); !strings.Contains(e.Message(), c.says) {
				t.Errorf("got %v", e)
			}
			if _, _, views := f.got(); views != 1 || f.sends() != 0 {
				t.Errorf("the view was asked for %d times, and %d calls were sent", views, f.sends())
			}
			f.mu.Lock()
			f.view, f.calls = usual, nil
			f.mu.Unlock()
			if err := do(t.Context(), r); err != nil { // it was not kept
				t.Error(err)
			}
			f.mu.Lock()
			f.calls = nil
			f.mu.Unlock()
		})
	}
}
