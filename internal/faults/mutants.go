//go:build linux

package faults

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/teff-dev/teff/internal/core/membership"
)

// A mutant is something that all silos do wrong, and the scenario that must notice.
type mutant struct {
	what membership.Mutant
	is   string
	sc   *scenario
	in   set
}

// mutants are all of them.
func mutants() []mutant {
	return []mutant{
		{membership.MutantGateOnlyBeforeTurn, "the lease is not checked before a reply or commit", pauseSilo("pause-silo", 6*time.Second, setCI), setCI},
		{membership.MutantNoClaim, "shards are used without a claim", pauseSilo("pause-silo", 6*time.Second, setCI), setCI},
		{membership.MutantShortTakeover, "others take over before the lease has run out", cutOff("cut", cutBoth, setCI), setCI},
		{membership.MutantTimerWhileCutOff, "silence is counted while cut off", natsOutage(), setAll},
	}
}

func (m mutant) name() string { return fmt.Sprintf("mutant-%d-%s", m.what, m.sc.name) }

// run fails where the scenario does not.
func (m mutant) run(ctx context.Context, out io.Writer) error {
	if why := m.sc.impossible(); why != "" {
		fmt.Fprintf(out, "%-8s %s: %s\n", "SKIPPED", m.name(), why)
		return nil
	}
	r, err := m.sc.run(ctx, m.what)
	switch {
	case err != nil:
		fmt.Fprintf(out, "%-8s %v\n", "BROKEN", err)
		return err
	case len(r.violations) == 0:
		r.print(out)
		fmt.Fprintf(out, "%-8s %s: %s\n", "ESCAPED", m.name(), m.is)
		return fmt.Errorf("%s was not caught: %s", m.name(), m.is)
	default:
		fmt.Fprintf(out, "%-8s %s: %s (%s)\n         ! %s\n", "caught", m.name(), m.is, r.took.Round(100*time.Millisecond), r.violations[0])
		return nil
	}
}
