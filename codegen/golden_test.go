package codegen_test

import (
	"bytes"
	"flag"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/teff-dev/teff/codegen"
	"github.com/teff-dev/teff/codegen/compile"
)

var update = flag.Bool("update", false, "rewrite the generated files in testdata")

const goldens = "testdata"

// TestGoldens generates every case anew. That the outcome compiles and works is for
// TestCalls, which links it.
func TestGoldens(t *testing.T) {
	cases, err := os.ReadDir(goldens)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		t.Run(c.Name(), func(t *testing.T) {
			out := t.TempDir()
			if *update {
				out = goldens
			}
			_, err := compile.Run(t.Context(), compile.Config{
				Args:    []string{filepath.Join(goldens, c.Name())},
				Roots:   []string{goldens},
				Out:     out,
				Options: codegen.Options{SamePackage: c.Name() == "same"},
			})
			if err != nil {
				t.Fatal(err)
			}
			compareTrees(t, goFiles(t, filepath.Join(goldens, c.Name())), goFiles(t, filepath.Join(out, c.Name())))
		})
	}
}

func compareTrees(t *testing.T, want, got map[string][]byte) {
	t.Helper()
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if content, ok := got[name]; !ok {
			t.Errorf("%s is not generated any more: remove it", name)
		} else if !bytes.Equal(content, want[name]) {
			t.Errorf("%s is generated otherwise; go test ./codegen -update writes it:\n%s", name, firstDifference(want[name], content))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(got)) {
		if _, ok := want[name]; !ok {
			t.Errorf("%s is generated, and not there: go test ./codegen -update writes it", name)
		}
	}
}

// goFiles reads all Go files below dir, by their path from there.
func goFiles(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	files := make(map[string][]byte)
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".go" {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		files[name], err = os.ReadFile(path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func firstDifference(want, got []byte) string {
	a, b := strings.Split(string(want), "\n"), strings.Split(string(got), "\n")
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return "- " + a[i] + "\n+ " + b[i]
		}
	}
	return "one goes on where the other ends"
}
