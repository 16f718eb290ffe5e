package graintest_test

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
)

// recorder is a test that is allowed to fail.
type recorder struct {
	testing.TB
	mu       sync.Mutex
	failures []string
	cleanups []func()
}

// failuresOf runs f as a test and its cleanups, and returns what it failed with.
func failuresOf(t *testing.T, f func(tb testing.TB)) []string {
	t.Helper()
	r := &recorder{TB: t}
	r.inGoroutine(func() { f(r) })
	for _, c := range slices.Backward(r.cleanups) {
		r.inGoroutine(c)
	}
	return r.failures
}

// inGoroutine lets f end its goroutine, as Fatalf does.
func (r *recorder) inGoroutine(f func()) {
	var wg sync.WaitGroup
	wg.Go(f)
	wg.Wait()
}

func (r *recorder) Helper() {}

func (r *recorder) Cleanup(f func()) { r.cleanups = append(r.cleanups, f) }

func (r *recorder) Errorf(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failures = append(r.failures, fmt.Sprintf(format, args...))
}

func (r *recorder) Fatalf(format string, args ...any) {
	r.Errorf(format, args...)
	runtime.Goexit()
}

// wantFailure checks that there is one failure, and that it has all the parts.
func wantFailure(t *testing.T, failures []string, parts ...string) {
	t.Helper()
	if len(failures) != 1 {
		t.Fatalf("got %d failures, want 1: %q", len(failures), failures)
	}
	for _, part := range parts {
		if !strings.Contains(failures[0], part) {
			t.Errorf("the failure does not say %q: %s", part, failures[0])
		}
	}
}
