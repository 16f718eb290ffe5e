package main

import (
	"errors"
	"runtime"
	"sync"
	"time"
)

// A call does one thing, for one caller of several, each of which waits for one call's
// end before it begins the next.
type call func(caller int) error

// A sample is what calls cost in one round.
type sample struct {
	calls    int
	elapsed  time.Duration
	p50, p99 time.Duration
	cpu      time.Duration // of all processes
	allocs   uint64        // of this process
}

func (s sample) perSecond() float64 { return float64(s.calls) / s.elapsed.Seconds() }
func (s sample) cpuMicros() float64 { return s.cpu.Seconds() * 1e6 / float64(s.calls) }

// sampleCalls has callers call for d, after a fifth of it to warm up. The CPU time is as
// told by cpu.
func sampleCalls(c call, callers int, d time.Duration, cpu func() (time.Duration, error)) (sample, error) {
	if _, _, err := load(c, callers, d/5); err != nil {
		return sample{}, err
	}
	var before, after runtime.MemStats
	runtime.GC()
	cpuBefore, err := cpu()
	if err != nil {
		return sample{}, err
	}
	runtime.ReadMemStats(&before)
	times, elapsed, err := load(c, callers, d)
	if err != nil {
		return sample{}, err
	}
	runtime.ReadMemStats(&after)
	cpuAfter, err := cpu()
	if err != nil {
		return sample{}, err
	}
	return sample{
		calls:   times.count,
		elapsed: elapsed,
		p50:     times.quantile(0.50),
		p99:     times.quantile(0.99),
		cpu:     cpuAfter - cpuBefore,
		allocs:  after.Mallocs - before.Mallocs,
	}, nil
}

// load has callers call for d.
func load(c call, callers int, d time.Duration) (*histogram, time.Duration, error) {
	times := make([]histogram, callers)
	errs := make([]error, callers)
	var done sync.WaitGroup
	start := time.Now()
	for i := range callers {
		done.Go(func() {
			for now := start; ; {
				if errs[i] = c(i); errs[i] != nil {
					return
				}
				before := now
				now = time.Now()
				times[i].add(now.Sub(before))
				if now.Sub(start) >= d {
					return
				}
			}
		})
	}
	done.Wait()
	elapsed := time.Since(start)
	for i := range times[1:] {
		times[0].merge(&times[i+1])
	}
	return &times[0], elapsed, errors.Join(errs...)
}

// ownCPUOnly is for calls that no other process takes part in.
func ownCPUOnly() (time.Duration, error) { return ownCPU(), nil }
