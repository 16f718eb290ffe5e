//go:build linux

package faults

import (
	"errors"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/teff-dev/teff/grain"
)

// An opKind is what was asked of a grain.
type opKind uint8

const (
	opRead opKind = iota + 1
	opWrite
	opSwap
	opAdd
	opPay
	opRelay
)

// A fate is what became of an operation.
type fate uint8

const (
	fateDone    fate = iota + 1 // it was answered
	fateNothing                 // it had no effect
	fateOpen                    // it may have its effect at any time after it was asked, or never
)

// never is when an open operation returns.
const never = time.Duration(math.MaxInt64)

// An op is an operation as its caller saw it. Times are on the host's boot clock.
type op struct {
	kind          opKind
	key           string
	caller        int
	call, ret     time.Duration // ret: when the caller knew; of an open one, when it gave up
	value, expect int64         // asked for, or answered
	swapped       bool
	fate          fate
	code          grain.Code // zero: none
	text          string     // of the error
}

// A history is all operations of a run.
type history struct {
	mu  sync.Mutex
	ops []op
}

func (h *history) add(o op) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ops = append(h.ops, o)
}

func (h *history) all() []op {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.ops)
}

// served is when each key was last answered.
func (h *history) served() map[string]time.Duration {
	last := make(map[string]time.Duration)
	for _, o := range h.all() {
		if o.fate == fateDone {
			last[o.key] = max(last[o.key], o.ret)
		}
	}
	return last
}

// judge says what an error leaves of an operation. A turn of the grains here commits once
// at most, so that a commit which was refused is an operation that had no effect.
func judge(kind opKind, err error) (fate, grain.Code) {
	if err == nil {
		return fateDone, 0
	}
	code := grain.CodeOf(err)
	var coded *grain.Error
	if errors.As(err, &coded) && coded.NotExecuted() || kind == opRead {
		return fateNothing, code
	}
	if kind != opPay && (code == grain.CodeAborted || code == grain.CodeUnavailable || code == grain.CodeResourceExhausted) {
		return fateNothing, code
	}
	return fateOpen, code
}

// An outage is for how long a key was not served, around an instant.
type outage struct {
	key string
	gap time.Duration
}

// outages are the longest times between at and until in which each key was not answered.
func outages(ops []op, at, until time.Duration) []outage {
	answers := make(map[string][]time.Duration)
	for _, o := range ops {
		if o.fate == fateDone && o.kind != opPay && o.kind != opRelay {
			answers[o.key] = append(answers[o.key], o.ret)
		}
	}
	var all []outage
	for key, times := range answers {
		slices.Sort(times)
		longest, before := time.Duration(0), at
		for _, t := range times {
			if t > at {
				longest, before = max(longest, min(t, until)-before), t
			}
			if t > until {
				break
			}
		}
		all = append(all, outage{key, longest})
	}
	return all
}

// percentile returns the p-th percentile of durations; zero of none.
func percentile(all []time.Duration, p float64) time.Duration {
	if len(all) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(all))
	return sorted[min(len(sorted)-1, int(math.Ceil(p/100*float64(len(sorted))))-1)]
}
