package main

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// maxCallers is the most callers that a row has.
const maxCallers = 1024

// A remote is a contender whose processes run.
type remote struct {
	name    string
	call    call
	server  *process
	answers *process
}

// cpu is the CPU time of all three processes.
func (r *remote) cpu() (time.Duration, error) {
	server, err := r.server.cpu()
	if err != nil {
		return 0, err
	}
	answers, err := r.answers.cpu()
	return server + answers + ownCPU(), err
}

// A stage is a NATS server, and everybody who uses it.
type stage struct {
	server  *process
	remotes []*remote
	stops   []func()
}

// setUp starts the server and all contenders.
func setUp() (*stage, error) {
	server, err := start("server")
	if err != nil {
		return nil, err
	}
	st := &stage{server: server}
	for _, c := range contenders() {
		if err := st.add(c); err != nil {
			return nil, errors.Join(fmt.Errorf("%s: %w", c.name, err), st.tearDown())
		}
	}
	return st, nil
}

func (st *stage) add(c contender) error {
	answers, err := start(c.name, st.server.reached)
	if err != nil {
		return err
	}
	r := &remote{name: c.name, server: st.server, answers: answers}
	st.remotes = append(st.remotes, r)
	call, stop, err := c.dial(st.server.reached, answers.reached)
	if err != nil {
		return err
	}
	r.call = call
	st.stops = append(st.stops, stop)
	return nil
}

func (st *stage) tearDown() error {
	for _, stop := range st.stops {
		stop()
	}
	var errs []error
	for _, r := range st.remotes {
		errs = append(errs, r.answers.stop())
	}
	return errors.Join(append(errs, st.server.stop())...)
}

// moonshots are what a remote call may be worth one day, in calls of plain NATS.
func moonshots() map[int]string {
	return map[int]string{1: "≥ 1.00", 16: "≥ 1.50", 256: "≥ 2.00", 1024: "≥ 2.00"}
}

const (
	mustCPU   = 1.3 // of a plain request's
	mustFresh = 0.8 // of a warm call's rate
	freshest  = 64  // callers
)

func measureRemote(s settings) (rows []row, err error) {
	st, err := setUp()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, st.tearDown()) }()
	for _, callers := range s.callers {
		rounds, err := takeTurns(s, callers, st.remotes)
		if err != nil {
			return nil, err
		}
		yard := st.remotes[0].name
		rows = append(rows, rowOf("remote "+yard, callers, rounds[0]))
		for i, r := range st.remotes[1:] {
			mine := rounds[i+1]
			rate := rowOf("remote "+r.name, callers, mine).against(yard+" calls/s", mine, rounds[0], sample.perSecond)
			rows = append(rows, rate.atLeast(1, moonshots()[callers]))
			rows = append(rows, rate.against(yard+" CPU", mine, rounds[0], sample.cpuMicros).atMost(mustCPU))
		}
	}
	fresh, err := measureFresh(s, st)
	return append(rows, fresh), err
}

// takeTurns samples the contenders one after the other, in each round the other way
// round.
func takeTurns(s settings, callers int, remotes []*remote) ([][]sample, error) {
	rounds := make([][]sample, len(remotes))
	order := make([]int, len(remotes))
	for i := range order {
		order[i] = i
	}
	for range s.rounds {
		for _, i := range order {
			r := remotes[i]
			got, err := sampleCalls(r.call, callers, s.round, r.cpu)
			if err != nil {
				return nil, fmt.Errorf("%s, %d callers: %w", r.name, callers, err)
			}
			rounds[i] = append(rounds[i], got)
		}
		slices.Reverse(order)
	}
	return rounds, nil
}

// measureFresh compares calls of grains that are not in memory with such that are.
func measureFresh(s settings, st *stage) (row, error) {
	warm := st.remotes[slices.IndexFunc(st.remotes, func(r *remote) bool { return r.name == "teff" })]
	call, stop, err := dialFresh(st.server.reached)
	if err != nil {
		return row{}, err
	}
	defer stop()
	fresh := &remote{name: "fresh", call: call, server: st.server, answers: warm.answers}
	rounds, err := takeTurns(s, freshest, []*remote{fresh, warm})
	if err != nil {
		return row{}, err
	}
	r := rowOf("remote activation", freshest, rounds[0])
	return r.against("warm calls/s", rounds[0], rounds[1], sample.perSecond).atLeast(mustFresh, "100k/s"), nil
}
