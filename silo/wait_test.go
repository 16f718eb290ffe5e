package silo_test

import (
	"runtime"
	"testing"
	"time"
)

// waitFor returns when cond holds. There is no event to wait for where a test looks at
// what nobody announces, such as the length of a mailbox.
func waitFor(t *testing.T, cond func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !cond(); runtime.Gosched() {
		if time.Now().After(deadline) {
			t.Fatal("it never came to be")
		}
	}
}
