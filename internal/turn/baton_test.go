package turn_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
)

func TestEndWaitsForBranches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tn := begin(0)
		done, alive := false, false
		tn.Branch(func() {
			tn.Await(func() { <-time.After(time.Second) })
			alive = tn.Err() == nil && !tn.Over()
			done = true
		})
		start := time.Now()
		tn.End()
		if !done || !alive || time.Since(start) != time.Second {
			t.Errorf("the branch is done: %t, in a live turn: %t, after %v", done, alive, time.Since(start))
		}
	})
}

// A branch starts when the turn's code first gives way.
func TestABranchDoesNotRunBesideTheTurnsCode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tn := begin(0)
		ran := false
		tn.Branch(func() { ran = true })
		synctest.Wait()
		if ran {
			t.Error("the branch ran while the method held the turn")
		}
		tn.Await(synctest.Wait)
		if !ran {
			t.Error("the branch did not run while the method awaited something")
		}
		tn.End()
	})
}

func TestAwaitWithoutBranchesJustRuns(t *testing.T) {
	tn, ran := begin(0), false
	tn.Await(func() { ran = true })
	if !ran {
		t.Error("it did not run")
	}
	tn.End()
}

// A goroutine of the method's own that calls through the turn is a bug, but not one to
// hang for: here it comes while the method and the branch both wait.
func TestACallOfAStrayGoroutineDoesNotKeepTheBaton(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tn := begin(0)
		tn.Branch(func() { tn.Await(func() { <-time.After(2 * time.Second) }) })
		go func() {
			<-time.After(time.Second)
			tn.Await(func() {})
		}()
		tn.Await(func() { <-time.After(3 * time.Second) })
		tn.End()
	})
}

func TestAPanicOfABranchIsRethrownOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tn := begin(0)
		tn.Branch(func() { panic("boom") })
		tn.Await(synctest.Wait)
		rethrown := func() (r any) {
			defer func() { r = recover() }()
			tn.Rethrow()
			return nil
		}()
		if rethrown != "boom" {
			t.Errorf("rethrown: %v", rethrown)
		}
		tn.Rethrow()
		if p := tn.End(); p != nil {
			t.Errorf("End returns %v, which was rethrown already", p)
		}
	})
}

func TestAPanicThatNobodySawComesOutOfEnd(t *testing.T) {
	tn := begin(0)
	tn.Branch(func() { panic("boom") })
	if p := tn.End(); p != "boom" {
		t.Errorf("End returns %v", p)
	}
}

func TestTurnsLeaveNoGoroutine(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	for range 10 {
		tn := begin(time.Hour)
		ctx, cancel := context.WithCancel(tn)
		defer cancel()
		tn.Branch(func() { tn.Await(func() { <-time.After(time.Millisecond) }) })
		tn.AfterFunc(func() {})
		_ = ctx.Done()
		tn.End()
	}
}
