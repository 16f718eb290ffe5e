package silotest

import (
	"runtime"
	"testing"
	"testing/synctest"

	"github.com/nats-io/nats-server/v2/server/ats"
)

// Virtual runs a test in which time passes only while everything waits, and then at once:
// half an hour until a grain is idle, or a deadline, costs nothing. See testing/synctest
// for what a test may do there. Make the cluster inside; <-time.After lets time pass, and
// synctest.Wait waits until all is quiet.
//
// Nothing else of the process may use silos, clients or NATS meanwhile, so the test must
// not run in parallel with others. Since heartbeats are real work, give a long one: with
// Heartbeat(time.Minute) half an hour takes a quarter of a second.
func Virtual(t *testing.T, test func(t *testing.T)) {
	t.Helper()
	// The server's own timer, which all servers of a process share, is not for the bubble.
	ats.Register()
	defer ats.Unregister()
	emptyPools()
	defer emptyPools()
	synctest.Test(t, test)
}

// emptyPools drops what sync.Pools hold: a timer or a channel of a bubble must not be used
// outside of it, nor one from outside within. What a pool holds survives one collection.
func emptyPools() {
	runtime.GC()
	runtime.GC()
}
