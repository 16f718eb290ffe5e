package faults

import (
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"

	"github.com/teff-dev/teff/internal/core/membership"
)

// Options choose what to run.
type Options struct {
	Set  string // "test", "ci" or "all"
	Only string // a regular expression of scenarios' names
}

// Run runs scenarios one after the other and reports on out. The error says that one
// failed.
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
	for _, sc := range scenarios() {
		if sc.in > limit || !only.MatchString(sc.name) {
			continue
		}
		if sc.network {
			if why := noNetwork(); why != "" {
				fmt.Fprintf(out, "%-8s %s: %s\n", "SKIPPED", sc.name, why)
				continue
			}
		}
		r, err := sc.run(ctx, membership.NoMutant)
		if err != nil {
			failed = append(failed, err)
			fmt.Fprintf(out, "%-8s %v\n", "BROKEN", err)
			continue
		}
		r.print(out)
		if len(r.violations) > 0 || r.missing != "" {
			failed = append(failed, fmt.Errorf("%s failed", sc.name))
		}
	}
	return errors.Join(failed...)
}
