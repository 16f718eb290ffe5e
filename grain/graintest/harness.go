package graintest

import (
	"context"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/teff-dev/teff/grain"
	"github.com/teff-dev/teff/grain/grainrt"
	"github.com/teff-dev/teff/internal/seam"
)

// A Harness holds one activation of a grain and stands in for its silo. Its methods
// are for the test's goroutine, unless they say otherwise.
type Harness[G any] struct {
	// Grain is what the constructor returned; call its methods with Turn's context.
	Grain G

	*outgoing
	host *host
}

// New constructs the grain with that key, loads its state and runs OnActivate. What
// goes wrong with that ends the test. At the end of the test OnDeactivate runs, unless
// Deactivate was called; an error of it fails the test.
func New[G any](t testing.TB, construct func(*grain.Activation) (G, error), key string, opts ...Option) *Harness[G] {
	t.Helper()
	h, err := Activate(t, construct, key, opts...)
	if err != nil {
		t.Fatalf("graintest: the grain cannot be activated: %v", err)
	}
	return h
}

// Activate is New for tests of an activation that fails: it returns the error of the
// constructor or of OnActivate as it is. The test's own mistakes still end the test.
func Activate[G any](t testing.TB, construct func(*grain.Activation) (G, error), key string, opts ...Option) (*Harness[G], error) {
	t.Helper()
	s := setup{typ: "test.Grain"}
	for _, opt := range opts {
		opt(&s)
	}
	id := grain.ID{Type: s.typ, Key: key}
	if err := id.Validate(); err != nil {
		t.Fatalf("graintest: %v", err)
	}
	spec := specOf(t, &s, construct)
	host := newHost(t, id, s)
	a := new(grain.Activation)
	grain.Bind(a, host)
	made, err := spec.New(a)
	if err != nil {
		return nil, err
	}
	if err := host.load(); err != nil {
		return nil, err
	}
	g, _ := made.(G)
	h := &Harness[G]{Grain: g, outgoing: host.out, host: host}
	if hook, ok := made.(grain.Activator); ok {
		if err := host.run(hook.OnActivate); err != nil {
			host.enter(phaseEnded)
			return nil, err
		}
	}
	host.leave, _ = made.(grain.Deactivator)
	t.Cleanup(func() {
		if err := host.deactivate(host.reason()); err != nil {
			t.Errorf("graintest: OnDeactivate of %s: %v", id, err)
		}
	})
	return h, nil
}

// specOf registers the grain type as generated code does, so that what a silo refuses
// is refused here.
func specOf[G any](t testing.TB, s *setup, construct func(*grain.Activation) (G, error)) *seam.Kind {
	t.Helper()
	if s.kind != nil && s.kind.Err != nil {
		t.Fatalf("graintest: a silo would not start with this kind: %v", s.kind.Err)
	}
	spec := grain.SpecOf(grainrt.NewKind(&grainrt.Service{Type: s.typ}, construct))
	if spec.Err != nil {
		t.Fatalf("graintest: a silo would not start with this grain: %v", spec.Err)
	}
	return spec
}

// Turn begins a turn and returns its context; the turn before is over then. A turn
// also ends with the test, and with Run, RunQueued and Deactivate.
func (h *Harness[G]) Turn(opts ...TurnOption) context.Context {
	h.host.tb.Helper()
	return h.host.begin(opts...)
}

// Run calls f within a turn of its own, which is over when Run returns.
func (h *Harness[G]) Run(f func(ctx context.Context), opts ...TurnOption) {
	h.host.tb.Helper()
	// The function has no error to return.
	_ = h.host.run(func(ctx context.Context) error { f(ctx); return nil }, opts...)
}

// RunQueued runs the functions that Activation.Go has taken until now, in order, each
// as a turn, and returns their errors joined (a silo would log them). What those
// functions give to Go waits for the next RunQueued.
func (h *Harness[G]) RunQueued() error {
	h.host.tb.Helper()
	return h.host.runQueued()
}

// Queued is how many functions wait for RunQueued. It is safe for concurrent use.
func (h *Harness[G]) Queued() int { return h.host.queued() }

// Deactivate ends the activation for that reason and returns the error of
// OnDeactivate, if the grain has one. Functions that are queued are lost. The test may
// look at the grain afterwards, but there are no more turns.
func (h *Harness[G]) Deactivate(reason grain.DeactivationReason) error {
	h.host.tb.Helper()
	return h.host.deactivate(reason)
}

// Stored returns a copy of the state as it is persisted: the seed, or what the last
// Update committed; nil if there is neither.
func (h *Harness[G]) Stored() proto.Message { return h.host.records.stored("") }

// Commits is how many commits have succeeded.
func (h *Harness[G]) Commits() int { return h.host.records.commits }

// FailCommit makes the next commit fail with err: Update returns it, and nothing has
// changed. Use the codes that a silo would, see State.Update. CodeAborted and
// CodeMaybeExecuted end the activation, see Ending. Nil takes it back.
func (h *Harness[G]) FailCommit(err error) { h.host.records.fail = err }
