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
	there, stopThere := roundTrip()
	defer stopThere()
	ways := append([]local{{name: channelName, one: there}}, locals()...)
	rounds := make([][]sample, len(ways))
	for range s.rounds {
		for i, l := range ways {
			got, err := l.sample(s, ref)
			if err != nil {
				return nil, err
			}
			rounds[i] = append(rounds[i], got)
		}
	}
	rows := []row{rowOf(channelName, 1, rounds[0])}
	for i, l := range ways[1:] {
		own, err := allocsOf(func() error { return l.one(echo{}) })
		if err != nil {
			return nil, err
		}
		mine := rounds[i+1]
		r := rowOf(l.name, 1, mine).against(channelName+" CPU", mine, rounds[0], sample.cpuMicros)
		r.Allocs -= own
		met := 1e6/r.PerSec < l.micros && r.Allocs < l.allocs+0.05 // what else the process allocates
		rows = append(rows, r.judge(l.must, l.moonshot, met))
	}
	return rows, nil
}

// channelName is the least that a call costs which another goroutine answers.
const channelName = "local channel"

// roundTrip hands a message to a goroutine and takes it back, as a caller who waits for
// a turn must. It does nothing else.
func roundTrip() (one func(benchv1teff.Echo) error, stop func()) {
	there, back := make(chan *benchv1.SayRequest, 1), make(chan *benchv1.SayRequest, 1)
	go func() {
		defer close(back)
		for m := range there {
			back <- m
		}
	}()
	m := &benchv1.SayRequest{Text: payload()}
	return func(benchv1teff.Echo) error {
		there <- m
		<-back
		return nil
	}, func() { close(there); <-back }
}

// sample counts a batch's calls, and divides its time by them.
func (l local) sample(s settings, ref benchv1teff.Echo) (sample, error) {
	got, err := sampleCalls(func(int) error {
		for range batch {
			if err := l.one(ref); err != nil {
				return err
			}
		}
		return nil
	}, 1, s.round, ownCPUOnly)
	got.calls *= batch
	got.p50 /= batch
	got.p99 /= batch
	return got, err
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
