package compile_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/teff-dev/teff/codegen/compile"
)

// TestRepositoryIsUpToDate holds the generated code of this repository against its
// protos.
func TestRepositoryIsUpToDate(t *testing.T) {
	top := filepath.Join("..", "..")
	roots := []string{filepath.Join(top, "protos")}
	samples, err := filepath.Glob(filepath.Join(top, "samples", "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range samples {
		if protos, err := filepath.Glob(filepath.Join(dir, "*", "v1", "*.proto")); err == nil && len(protos) > 0 {
			roots = append(roots, dir)
		}
	}
	for _, root := range roots {
		out := t.TempDir()
		result, err := run(t, compile.Config{Args: []string{root}, Out: out})
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range result.Written {
			fresh, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			there := filepath.Join(root, strings.TrimPrefix(name, out))
			if old, err := os.ReadFile(there); err != nil || !bytes.Equal(old, fresh) {
				t.Errorf("%s is not what its proto makes: run teff generate %s", there, root)
			}
		}
	}
	if len(roots) < 2 {
		t.Errorf("found only %q", roots)
	}
}
