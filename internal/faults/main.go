//go:build linux

package faults

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"

	"github.com/teff-dev/teff/internal/core/membership"
)

// Options choose what to run.
type Options struct {
	Set  string // "test", "ci" or "all"
	Only string // a regular expression of scenarios' names
}

// Run runs scenarios one after the other and reports on out. The error says that one
// failed, or that a mutant was not caught.
func Run(ctx context.Context, o Options, out io.Writer) error {
	only, err := regexp.Compile(o.Only)
	if err != nil {
		return err
	}
	limit, ok := map[string]set{"test": setTest, "ci": setCI, "all": setAll}[o.Set]
	if !ok {
		return fmt.Errorf("%q is no set of scenarios: test, ci or all", o.Set)
	}
	var failed []error
	var figures []figure
	for _, sc := range scenarios() {
		if sc.in <= limit && only.MatchString(sc.name) && ctx.Err() == nil {
			r, err := sc.runAndPrint(ctx, out)
			failed = append(failed, err)
			if r != nil {
				figures = append(figures, r.figures...)
			}
		}
	}
	for _, m := range mutants() {
		if m.in <= limit && only.MatchString(m.name()) && ctx.Err() == nil {
			failed = append(failed, m.run(ctx, out))
		}
	}
	for _, f := range figures {
		fmt.Fprintf(out, "%s: %s\n", f.what, f.is)
	}
	return errors.Join(append(failed, ctx.Err())...)
}

func (sc *scenario) runAndPrint(ctx context.Context, out io.Writer) (*report, error) {
	if why := sc.impossible(); why != "" {
		fmt.Fprintf(out, "%-8s %s: %s\n", "SKIPPED", sc.name, why)
		return nil, nil
	}
	r, err := sc.run(ctx, membership.NoMutant)
	if err != nil {
		fmt.Fprintf(out, "%-8s %v\n", "BROKEN", err)
		return nil, err
	}
	r.print(out)
	if r.failed() {
		return r, fmt.Errorf("%s failed", sc.name)
	}
	return r, nil
}

// impossible says why the scenario cannot be run here; "": it can.
func (sc *scenario) impossible() string {
	switch {
	case sc.network:
		return noNetwork()
	case sc.disk > 0 && os.Geteuid() != 0:
		return "it needs root, to mount a disk of memory"
	default:
		return ""
	}
}
