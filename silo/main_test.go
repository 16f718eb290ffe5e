package silo_test

import (
	"context"
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"

	"github.com/teff-dev/teff/grain"
	"github.com/teff-dev/teff/silo"
)

// victimDir is the environment variable that makes the test binary a silo on that
// directory, to be killed.
const victimDir = "TEFF_SILO_VICTIM_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(victimDir); dir != "" {
		beVictim(dir)
	}
	if spec := os.Getenv(meshVictim); spec != "" {
		beMeshVictim(spec)
	}
	goleak.VerifyTestMain(m)
}

// beVictim serves probes that add until the process is killed.
func beVictim(dir string) {
	s, err := silo.Start(context.Background(), silo.Config{DataDir: dir, Logger: quiet(), Grains: []grain.Kind{ledger().kind()}})
	if err != nil {
		fmt.Println("error", err)
		os.Exit(1)
	}
	fmt.Println(s.URL())
	select {}
}
