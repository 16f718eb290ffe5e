//go:build linux

package faults_test

import (
	"os"
	"testing"

	"github.com/teff-dev/teff/internal/faults"
)

// TestMain is a silo, or a NATS server, where a scenario has started it as one.
func TestMain(m *testing.M) {
	if faults.Child() {
		return
	}
	os.Exit(m.Run())
}
