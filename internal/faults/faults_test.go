//go:build linux

package faults_test

import (
	"strings"
	"testing"

	"github.com/teff-dev/teff/internal/faults"
)

// Behaviours E2, E3, E4 and E7, with real processes: kill -9, a pause, a rolling restart.
// make faults runs what there is beside.
func TestBehaviourE2E3E4E7RealProcesses(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes a minute")
	}
	var out strings.Builder
	if err := faults.Run(t.Context(), faults.Options{Set: "test"}, &out); err != nil {
		t.Error(err)
	}
	t.Log("\n" + out.String())
}
