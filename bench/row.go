package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"text/tabwriter"
)

// A row is what a case costs, by the median of its rounds.
type row struct {
	Case     string  `json:"case"`
	Callers  int     `json:"callers"`
	PerSec   float64 `json:"calls_per_s"`
	P50      float64 `json:"p50_us"`
	P99      float64 `json:"p99_us"`
	CPU      float64 `json:"cpu_us"`
	Allocs   float64 `json:"allocs"`
	Ratio    float64 `json:"ratio,omitempty"`
	To       string  `json:"to,omitempty"` // what the ratio is to
	Must     string  `json:"must,omitempty"`
	Moonshot string  `json:"moonshot,omitempty"`
	OK       *bool   `json:"ok,omitempty"` // the must is met
}

// rowOf sums the rounds up.
func rowOf(name string, callers int, rounds []sample) row {
	of := func(f func(sample) float64) float64 { return median(each(rounds, f)) }
	return row{
		Case:    name,
		Callers: callers,
		PerSec:  of(sample.perSecond),
		P50:     of(func(s sample) float64 { return s.p50.Seconds() * 1e6 }),
		P99:     of(func(s sample) float64 { return s.p99.Seconds() * 1e6 }),
		CPU:     of(sample.cpuMicros),
		Allocs:  of(func(s sample) float64 { return float64(s.allocs) / float64(s.calls) }),
	}
}

// against compares with what took turns with it: f's value here over f's value there.
func (r row) against(name string, mine, theirs []sample, f func(sample) float64) row {
	ratios := make([]float64, len(mine))
	for i := range mine {
		ratios[i] = f(mine[i]) / f(theirs[i])
	}
	r.To, r.Ratio = name, median(ratios)
	return r
}

// judge says what was asked for, and whether it is met.
func (r row) judge(must, moonshot string, met bool) row {
	r.Must, r.Moonshot, r.OK = must, moonshot, &met
	return r
}

// atLeast judges by the ratio.
func (r row) atLeast(must float64, moonshot string) row {
	return r.judge(fmt.Sprintf("≥ %.2f", must), moonshot, r.Ratio >= must)
}

// atMost judges by the ratio.
func (r row) atMost(must float64) row {
	return r.judge(fmt.Sprintf("≤ %.2f", must), "", r.Ratio <= must)
}

func each[A, B any](from []A, f func(A) B) []B {
	to := make([]B, len(from))
	for i, a := range from {
		to[i] = f(a)
	}
	return to
}

func median(values []float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	s := slices.Sorted(slices.Values(values))
	return (s[(len(s)-1)/2] + s[len(s)/2]) / 2
}

// short writes three digits, or more before the point.
func short(v float64) string {
	const three = 3
	whole := len(strconv.Itoa(int(v)))
	return strconv.FormatFloat(v, 'f', max(0, three-whole), 64)
}

// A printer prints rows: a table a suite, or JSON.
type printer struct {
	json *json.Encoder
	w    io.Writer
}

func newPrinter(w io.Writer, asJSON bool) *printer {
	if asJSON {
		p := &printer{json: json.NewEncoder(w)}
		p.json.SetEscapeHTML(false)
		return p
	}
	return &printer{w: w}
}

func (p *printer) print(rows []row) error {
	if p.json == nil {
		return printTable(p.w, rows)
	}
	for _, r := range rows {
		if err := p.json.Encode(r); err != nil {
			return err
		}
	}
	return nil
}

func printTable(w io.Writer, rows []row) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "case\tcallers\tcalls/s\tp50 µs\tp99 µs\tCPU µs\tallocs\tratio\tto\tmust\tmoonshot\tok")
	for _, r := range rows {
		ratio, ok := "", ""
		if r.To != "" {
			ratio = fmt.Sprintf("%.2f", r.Ratio)
		}
		if r.OK != nil {
			ok = map[bool]string{true: "yes", false: "NO"}[*r.OK]
		}
		fmt.Fprintf(t, "%s\t%d\t%.0f\t%s\t%s\t%s\t%.1f\t%s\t%s\t%s\t%s\t%s\n",
			r.Case, r.Callers, r.PerSec, short(r.P50), short(r.P99), short(r.CPU), r.Allocs, ratio, r.To, r.Must, r.Moonshot, ok)
	}
	fmt.Fprintln(t)
	return t.Flush()
}
