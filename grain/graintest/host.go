package graintest

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/teff-dev/teff/grain"
	"github.com/teff-dev/teff/internal/outcome"
	"github.com/teff-dev/teff/internal/seam"
	"github.com/teff-dev/teff/internal/turn"
)

// turnTimeout is a turn's time, as it is a silo's default.
const turnTimeout = 30 * time.Second

// A phase is how far the activation has come.
type phase int

const (
	phaseConstructing phase = iota + 1
	phaseActive
	phaseEnded
)

// host is the activation's world. The test's goroutine owns what mu does not guard.
type host struct {
	tb      testing.TB
	id      grain.ID
	log     *slog.Logger
	out     *outgoing
	records *records
	turn    *turn.Turn        // nil: between turns
	leave   grain.Deactivator // nil: the grain has no such hook
	phase   phase             // changed by enter only

	mu    sync.Mutex                    // also held while phase changes, since Go may be called from anywhere
	queue []func(context.Context) error // Invariant: empty when phase == phaseEnded
	why   grain.DeactivationReason      // zero: nothing asks for its end
	delay time.Duration
}

var _ seam.Host = (*host)(nil)

func newHost(tb testing.TB, id grain.ID, s setup) *host {
	out := newOutgoing(tb, "h")
	if s.caller != nil {
		out = s.caller.outgoing
	}
	return &host{
		tb: tb, id: id, out: out, phase: phaseConstructing,
		records: newRecords(tb, id, s),
		log:     slog.New(slog.NewTextHandler(tb.Output(), nil)).With(slog.String("grain", id.String())),
	}
}

// load ends construction: the states that the constructor declared get their value.
func (h *host) load() error {
	h.tb.Helper()
	h.enter(phaseActive)
	return h.records.load()
}

// enter changes the phase.
func (h *host) enter(p phase) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.phase = p
	if p == phaseEnded {
		h.queue = nil
	}
}

// Identity implements seam.Host.
func (h *host) Identity() (grainType, key string) { return h.id.Type, h.id.Key }

// Logger implements seam.Host; it writes to the test's log.
func (h *host) Logger() *slog.Logger { return h.log }

// AddState implements seam.Host.
func (h *host) AddState(s seam.State) {
	h.tb.Helper()
	if h.phase != phaseConstructing {
		h.tb.Fatalf("graintest: %s declares a state after its constructor has returned: call StateOf in the constructor and keep what it returns", h.id)
	}
	h.records.add(s)
}

// Commit implements seam.Host.
func (h *host) Commit(ctx context.Context, changes ...seam.Change) error {
	err := h.records.commit(ctx, changes)
	if errors.Is(err, grain.CodeAborted) || errors.Is(err, grain.CodeMaybeExecuted) {
		h.endFor(grain.DeactivatedAfterFault)
	}
	return err
}

// Invoke implements seam.Host. The answer is awaited without the turn's baton, so that
// branches overlap as they do in a silo.
func (h *host) Invoke(ctx context.Context, m *seam.Method, key string, req proto.Message) (reply proto.Message, err error) {
	if !m.OneWay && (grain.ID{Type: m.Service.Type, Key: key}) == h.id {
		return nil, outcome.Refused(grain.CodeAborted, "a cycle of calls: %s → %s", h.id, h.id)
	}
	turn.From(ctx).Await(func() { reply, err = h.out.invoke(ctx, h.id.String(), m, key, req) })
	return reply, err
}
