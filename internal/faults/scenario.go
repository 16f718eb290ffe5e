//go:build linux

package faults

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/teff-dev/teff/internal/core/membership"
	faultsv1 "github.com/teff-dev/teff/internal/faults/faults/v1"
)

// A set is when a scenario is run: in every test, in every change's check, or in the
// whole programme.
type set uint8

const (
	setTest set = iota + 1
	setCI
	setAll
)

// A scenario is a cluster under load, one kind of fault, and what the fault must leave
// behind.
type scenario struct {
	name  string
	about string
	in    set

	silos     int
	load      load
	heartbeat time.Duration // zero: the silo's default
	drain     time.Duration // zero: the silo's default
	local     int           // callers within each silo
	network   bool          // each silo in a network namespace of its own
	mesh      bool          // the silos embed the NATS servers
	disk      int64         // the bytes of a disk of its own for NATS; zero: none
	faultless bool          // no call may fail
	reborn    bool          // the store is lost: fences may begin anew

	inject func(ctx context.Context, w *world) error
	// missing says what the fault should have left behind, and has not; "": all is there.
	missing func(w *world, r *report) string
	// check finds what else is wrong; nil: nothing.
	check func(w *world, r *report) []string
}

// keepEnv, if it is set, has files stay that nobody needs.
const keepEnv = "TEFF_FAULTS_KEEP"

// How long a run is left alone.
const (
	quietTime  = 1500 * time.Millisecond // before the first fault
	afterTime  = 1 * time.Second         // after the last
	settleTime = 40 * time.Second        // for all to be served again, the payments that wait included
)

// run runs a scenario, with every silo doing something wrong where there is a mutant. The
// error is of the programme, not of what it tests.
func (sc *scenario) run(ctx context.Context, mutant membership.Mutant) (r *report, err error) {
	dir, err := os.MkdirTemp("", "teff-faults-")
	if err != nil {
		return nil, err
	}
	w := &world{dir: dir, sc: sc, mutant: mutant, silos: make(map[string]*process)}
	w.crowd = &crowd{load: sc.load, history: new(history), unpaid: make(map[string]*faultsv1.PayRequest)}
	defer func() {
		if clearErr := w.clear(); err == nil && clearErr != nil {
			err = clearErr
		}
		if err == nil && (!r.failed() || mutant != membership.NoMutant) && os.Getenv(keepEnv) == "" {
			err = w.removeAll()
		}
		if err != nil {
			err = fmt.Errorf("%s: %w (see %s)", sc.name, err, dir)
		}
	}()
	if err := w.begin(ctx); err != nil {
		return nil, err
	}
	r = &report{name: sc.name, dir: dir, began: time.Now()}
	calling, enough := context.WithCancel(ctx)
	defer enough()
	w.crowd.begin(calling)
	if err := wait(ctx, quietTime); err != nil {
		return nil, err
	}
	r.first = boottime()
	if err := sc.inject(ctx, w); err != nil {
		return nil, err
	}
	r.last = boottime()
	if err := wait(ctx, afterTime); err != nil {
		return nil, err
	}
	r.recovery(ctx, w)
	r.enough = boottime()
	enough()
	w.crowd.wg.Wait()
	settling, cancel := context.WithTimeout(ctx, settleTime)
	defer cancel()
	r.bad(w.crowd.settle(settling))
	r.views, r.moves, r.joins, r.deaths = w.views.counts()
	r.bad(w.end())
	return r, r.judge(w)
}

// recovery waits until every grain has been served again, which must not take long once
// the faults have ceased.
func (r *report) recovery(ctx context.Context, w *world) {
	limit := 10*time.Second + 7*w.sc.heartbeat // takeover, 5 s, and the patience of this machine
	err := w.until(ctx, limit, "every register was served again", func() bool {
		served := w.crowd.history.served()
		for i := range registers {
			if served[registerKey(i)] < r.last {
				return false
			}
		}
		return true
	})
	if err != nil {
		r.bad([]string{err.Error()})
	}
}
