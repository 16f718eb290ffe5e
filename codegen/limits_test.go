package codegen_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/teff-dev/teff/codegen/compile"
	"github.com/teff-dev/teff/internal/wire"
)

// What the wire just takes, the generator takes: with the cases of what is one more, its
// limits are the wire's.
func TestTheLimitsAreTheWires(t *testing.T) {
	dir := t.TempDir()
	body := fmt.Sprintf("  rpc %s(M) returns (M) { option (teff.v1.method) = { timeout: {seconds: %d} }; }",
		strings.Repeat("R", wire.MaxMethodBytes), int64(wire.MaxTimeout/time.Second))
	if err := os.WriteFile(filepath.Join(dir, "p.proto"), []byte(grainOf(body)["p.proto"]), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := compile.Run(t.Context(), compile.Config{Args: []string{dir}}); err != nil {
		t.Error(err)
	}
}
