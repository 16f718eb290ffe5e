package silo_test

import (
	"bytes"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"testing"

	"github.com/teff-dev/teff/grain"
	"github.com/teff-dev/teff/internal/probe/probe/v1/probev1teff"
	"github.com/teff-dev/teff/silo"
)

// BenchmarkIdleActivation activates b.N grains that hold nothing, and tells what an idle
// one costs: its part of the heap after a collection, key and catalog included, and of
// the process's memory as the system counts it, which the collector's head room is part
// of. They must fit; see make memory.
func BenchmarkIdleActivation(b *testing.B) {
	// The server is not what is measured, and with it the silo is as it is in life.
	s := start(b, silo.Config{Grains: []grain.Kind{blankKind()}, MaxActivations: b.N + 1})
	if err := ping(b.Context(), s, "the first one, whose types and tables are made once"); err != nil {
		b.Fatal(err)
	}
	goroutines, heap, resident := runtime.NumGoroutine(), heapBytes(), residentBytes(b)
	key := make([]byte, 0, 32)
	b.ResetTimer()
	for i := range b.N {
		key = strconv.AppendInt(append(key[:0], "grain-"...), int64(i), 10)
		if err := ping(b.Context(), s, string(key)); err != nil {
			b.Fatal(err)
		}
	}
	b.StopTimer()
	peak := residentBytes(b)
	if got := silo.Activations(s, probev1teff.BlankName); got != int64(b.N)+1 {
		b.Fatalf("%d activations of %d keys", got, b.N+1)
	}
	if now := runtime.NumGoroutine(); now > goroutines+10 {
		b.Errorf("%d goroutines before, %d with %d idle activations", goroutines, now, b.N)
	}
	b.ReportMetric(float64(heapBytes()-heap)/float64(b.N), "B/activation")
	b.ReportMetric(float64(peak-resident)/float64(b.N), "RSS-B/activation")
	b.ReportMetric(float64(peak)/(1<<20), "RSS-MiB")
	if peak > 1<<30 && b.N <= 1_000_000 {
		b.Errorf("%d MiB are resident with %d idle activations: a million are to fit in 1024", peak>>20, b.N)
	}
}

// heapBytes is what is alive.
func heapBytes() int64 {
	var m runtime.MemStats
	runtime.GC()
	debug.FreeOSMemory()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// residentBytes is the process's memory as the system counts it; zero where it does not
// tell.
func residentBytes(b *testing.B) int64 {
	b.Helper()
	statm, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	fields := bytes.Fields(statm)
	pages, err := strconv.ParseInt(string(fields[1]), 10, 64)
	if err != nil {
		b.Fatal(err)
	}
	return pages * int64(os.Getpagesize())
}
