package route

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/teff-dev/teff/grain"
	"github.com/teff-dev/teff/internal/outcome"
	"github.com/teff-dev/teff/internal/seam"
)

// Back-off between attempts: it doubles from the first to the last, with jitter.
const (
	firstPause = 5 * time.Millisecond
	lastPause  = 250 * time.Millisecond
)

// Deliver finds the owner of the grain and has send call it, again and again while that
// is safe, until there is an answer or the time is over.
func Deliver[T any](ctx context.Context, r *Router, c *Call, send func(ctx context.Context, owner string) (T, *grain.Error)) (answer T, err *grain.Error) {
	var none T
	var unknown *grain.Error // of an earlier attempt
	for pause := firstPause; ; pause = min(2*pause, lastPause) {
		if err := ctx.Err(); err != nil {
			return none, sooner(unknown, outcome.ContextEnded(err, c.Method, false))
		}
		answer, err = attempt(ctx, r, c, send)
		if err == nil {
			return answer, nil
		}
		if !retryable(err, c.Method) || ctx.Err() != nil {
			return none, sooner(unknown, err)
		}
		if !err.NotExecuted() {
			unknown = err
		}
		if closed := r.closed.Load(); closed != nil {
			return none, sooner(unknown, closed)
		}
		wait := pause/2 + rand.N(pause)
		if time.Until(c.Deadline) <= wait {
			return none, sooner(unknown, err) // the last error says more than that time ran out
		}
		if !sleep(ctx, wait) {
			return none, sooner(unknown, err)
		}
	}
}

// sooner prefers the outcome of an earlier attempt where that is unknown and the last one
// is known to have done nothing: together they are unknown.
func sooner(unknown, last *grain.Error) *grain.Error {
	if unknown != nil && last.NotExecuted() {
		return unknown
	}
	return last
}

func attempt[T any](ctx context.Context, r *Router, c *Call, send func(ctx context.Context, owner string) (T, *grain.Error)) (T, *grain.Error) {
	var none T
	v, err := r.knownView(ctx, c.Method, c.Deadline)
	if err != nil {
		return none, err
	}
	if v == nil {
		return none, outcome.Refused(grain.CodeUnavailable, "this silo is not a member of cluster %q yet", r.names.Cluster())
	}
	owner, err := r.owner(v, c.Method.Service.Type, c.Key)
	if err != nil {
		r.stale(v) // there may be a newer one
		return none, err
	}
	answer, err := send(ctx, owner)
	if err != nil && err.Code() == grain.CodeUnavailable && err.NotExecuted() {
		r.stale(v) // whoever has it now is in a newer view
	}
	return answer, err
}

// retryable holds the retry rule.
func retryable(err *grain.Error, m *seam.Method) bool {
	switch err.Code() {
	case grain.CodeUnavailable:
		return err.NotExecuted()
	case grain.CodeMaybeExecuted:
		return m.Retryable
	default:
		return false
	}
}

// sleep is false when the context ended first.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
