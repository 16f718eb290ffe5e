package graintest_test

import (
	"os/exec"
	"strings"
	"testing"
)

// What a unit test links decides how fast it builds.
func TestLinksNeitherNATSNorBadgerNorASilo(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", ".").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	deps := strings.Fields(string(out))
	if len(deps) < 20 {
		t.Fatalf("go list -deps told of %d packages only", len(deps))
	}
	for _, dep := range deps {
		for _, never := range []string{"nats-io", "badger", "redis", "teff-dev/teff/silo", "teff-dev/teff/client", "teff-dev/teff/persistence"} {
			if strings.Contains(dep, never) {
				t.Errorf("graintest links %s", dep)
			}
		}
	}
}
