//go:build linux

package faults

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/teff-dev/teff/internal/rig"
)

// A report is what came of a scenario.
type report struct {
	name        string
	dir         string // where logs and passes are, if it failed
	began       time.Time
	took        time.Duration
	first, last time.Duration // the faults, on the boot clock
	enough      time.Duration // the callers stop

	ops, open, nothing           int
	codes                        map[string]int
	examples                     map[string]string // of each code
	views, moves, joins, deaths  int
	passes, fences, incarnations int
	activations                  int // in the time of the faults
	outages                      []time.Duration
	figures                      []figure
	violations                   []string
	missing                      string // what the fault should have left behind
	trace                        []pass
	history                      []op
}

func (r *report) bad(sentences []string) { r.violations = append(r.violations, sentences...) }

// failed says that the product is wrong, or the test.
func (r *report) failed() bool { return len(r.violations) > 0 || r.missing != "" }

// judge checks all that was written down.
func (r *report) judge(w *world) error {
	var err error
	if r.trace, err = readTraces(w.dir); err != nil {
		return err
	}
	r.history = w.crowd.history.all()
	r.count(w)
	r.bad(linearizable(r.history, w.lost))
	r.bad(oneAtATime(r.trace, w.sc.reborn))
	r.bad(noLateCommit(r.trace))
	if w.sc.faultless {
		r.bad(r.failures())
	}
	if w.sc.check != nil {
		r.bad(w.sc.check(w, r))
	}
	if w.sc.missing != nil {
		r.missing = w.sc.missing(w, r)
	}
	r.took = time.Since(r.began)
	return nil
}

func (r *report) count(w *world) {
	r.codes, r.examples = make(map[string]int), make(map[string]string)
	for _, o := range r.history {
		r.ops++
		switch o.fate {
		case fateOpen:
			r.open++
		case fateNothing:
			r.nothing++
		default:
		}
		if o.code != 0 {
			r.codes[o.code.String()]++
			r.examples[o.code.String()] = fmt.Sprintf("%s, after %s: %s", o.key, ms(o.ret-o.call), o.text)
		}
	}
	r.passes = countPasses(r.trace, pass.isGate)
	r.fences = countPasses(r.trace, func(p pass) bool { return p.Gate == rig.Fenced })
	r.activations = countPasses(r.trace, func(p pass) bool { return p.Gate == rig.Loaded && p.at > r.first && p.at < r.last })
	seen := make(map[string]bool)
	for _, p := range r.trace {
		seen[p.Incarnation] = true
	}
	r.incarnations = len(seen)
	for i, at := range w.faults {
		until := r.enough
		if i+1 < len(w.faults) {
			until = w.faults[i+1]
		}
		for _, o := range outages(r.history, at, until) {
			r.outages = append(r.outages, o.gap)
		}
	}
}

// failures returns a sentence for each call that failed.
func (r *report) failures() []string {
	var bad []string
	for _, o := range r.history {
		if o.fate != fateDone {
			bad = append(bad, fmt.Sprintf("%s: %s after %s", o.key, o.text, (o.ret-o.call).Round(time.Millisecond)))
		}
	}
	return shorten(bad)
}

// noticed is how long an outage is that is one, and no wait in a line.
const noticed = 500 * time.Millisecond

// cutOff are the outages that are some.
func (r *report) cutOff() []time.Duration {
	var all []time.Duration
	for _, d := range r.outages {
		if d > noticed {
			all = append(all, d)
		}
	}
	return all
}

// print writes the report for people.
func (r *report) print(out io.Writer) {
	result := "ok"
	switch {
	case len(r.violations) > 0:
		result = "VIOLATED"
	case r.missing != "":
		result = "NO TRACE"
	}
	fmt.Fprintf(out, "%-8s %s (%s)\n", result, r.name, r.took.Round(100*time.Millisecond))
	codes := make([]string, 0, len(r.codes))
	for _, code := range slices.Sorted(maps.Keys(r.codes)) {
		codes = append(codes, fmt.Sprintf("%s %d", code, r.codes[code]))
	}
	fmt.Fprintf(out, "         %d operations: %d not executed, %d unknown; errors: %s\n", r.ops, r.nothing, r.open, orNone(strings.Join(codes, ", ")))
	for _, code := range slices.Sorted(maps.Keys(r.codes)) {
		fmt.Fprintf(out, "           such as %s\n", r.examples[code])
	}
	fmt.Fprintf(out, "         %d gate passes by %d incarnations; %d views, %d moves, %d joins, %d deaths, %d fences; %d activations meanwhile\n",
		r.passes, r.incarnations, r.views, r.moves, r.joins, r.deaths, r.fences, r.activations)
	cut := r.cutOff()
	fmt.Fprintf(out, "         outages: %d of %d keys and faults over %s; p50 %s, p99 %s, max %s\n", len(cut), len(r.outages), noticed,
		ms(percentile(cut, 50)), ms(percentile(r.outages, 99)), ms(percentile(r.outages, 100)))
	for _, f := range r.figures {
		fmt.Fprintf(out, "         %s: %s\n", f.what, f.is)
	}
	for _, v := range r.violations {
		fmt.Fprintf(out, "         ! %s\n", v)
	}
	if r.missing != "" {
		fmt.Fprintf(out, "         ! the fault left no trace: %s\n", r.missing)
	}
	if result != "ok" {
		fmt.Fprintf(out, "         ! logs and passes are in %s\n", r.dir)
	}
}

// A figure is what a scenario measured.
type figure struct{ what, is string }

func (r *report) figure(what, format string, args ...any) {
	r.figures = append(r.figures, figure{what, fmt.Sprintf(format, args...)})
}

// payments is how many grains of that type were called: each is an activation.
func (r *report) payments() int {
	keys := make(map[string]bool)
	for _, o := range r.history {
		if o.kind == opPay {
			keys[o.key] = true
		}
	}
	return len(keys)
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

func ms(d time.Duration) string { return d.Round(time.Millisecond).String() }
