package main

import (
	"context"
	"runtime"

	benchv1 "github.com/teff-dev/teff/bench/bench/v1"
	"github.com/teff-dev/teff/bench/bench/v1/benchv1teff"
	"github.com/teff-dev/teff/grain"
	"github.com/teff-dev/teff/persistence/memstore"
	"github.com/teff-dev/teff/silo"
)

// batch is how many local calls are timed at once: one is too short.
const batch = 1000

// A local is a way to call a method in this process.
type local struct {
	name string
	one  func(benchv1teff.Echo) error

	// What a call may cost.
	must, moonshot string
	micros, allocs float64
}

func locals() []local {
	ctx := context.Background()
	say, share := &benchv1.SayRequest{Text: payload()}, &benchv1.ShareRequest{Text: payload()}
	return []local{
		{
			name: "local copied",
			one:  func(e benchv1teff.Echo) error { _, err := e.Say(ctx, say); return err },
			must: "< 1 µs, ≤ 3 allocs", moonshot: "1 alloc", micros: 1, allocs: 3,
		},
		{
			name: "local immutable",
			one:  func(e benchv1teff.Echo) error { _, err := e.Share(ctx, share); return err },
			must: "< 0.4 µs, ≤ 3 allocs", moonshot: "1 alloc", micros: 0.4, allocs: 3,
		},
	}
}

func measureLocal(s settings) ([]row, error) {
	host, stop, err := startSilo(silo.Config{Store: memstore.New(), Grains: []grain.Kind{echoKind()}})
	if err != nil {
		return nil, err
	}
	defer stop()
	ref := benchv1teff.EchoOf(host, "local")
	var rows []row
	for _, l := range locals() {
		own, err := allocsOf(func() error { return l.one(echo{}) })
		if err != nil {
			return nil, err
		}
		r, err := l.row(s, ref)
		if err != nil {
			return nil, err
		}
		r.Allocs -= own
		met := 1e6/r.PerSec < l.micros && r.Allocs < l.allocs+0.05 // what else the process allocates
		rows = append(rows, r.judge(l.must, l.moonshot, met))
	}
	return rows, nil
}

// row counts a batch's calls, and divides its time by them.
func (l local) row(s settings, ref benchv1teff.Echo) (row, error) {
	rounds := make([]sample, s.rounds)
	for i := range rounds {
		got, err := sampleCalls(func(int) error {
			for range batch {
				if err := l.one(ref); err != nil {
					return err
				}
			}
			return nil
		}, 1, s.round, ownCPUOnly)
		if err != nil {
			return row{}, err
		}
		got.calls *= batch
		got.p50 /= batch
		got.p99 /= batch
		rounds[i] = got
	}
	return rowOf(l.name, 1, rounds), nil
}

// allocsOf is how often f allocates, without what others do now and then.
func allocsOf(f func() error) (float64, error) {
	const times = 10_000
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range times {
		if err := f(); err != nil {
			return 0, err
		}
	}
	runtime.ReadMemStats(&after)
	return float64(int((after.Mallocs - before.Mallocs) / times)), nil
}
