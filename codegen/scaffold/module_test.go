package scaffold_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/teff-dev/teff/codegen/scaffold"
)

// A name that Go would choke on later is refused before anything is written.
func TestModuleNames(t *testing.T) {
	for name, want := range map[string]string{
		"github.com/teff-dev/teff":      "Teff's own",
		"github.com/teff-dev/teff/silo": "Teff's own",
		"vendor":                        "for its own packages",
		"go":                            "for its own packages",
		"std":                           "for its own packages",
		"cmd":                           "for its own packages",
		"net":                           "for its own packages",
		"net/counter":                   "for its own packages",
		"con":                           "con cannot be a file's name",
		"example.com/Aux.d":             "Aux.d cannot be a file's name",
		"example.com/COM1":              "COM1 cannot be a file's name",
		"example.com/mine~1":            "mine~1 cannot be a file's name",
		"example.com/vendor/x":          "vendor is where",
		"example.com/x/v1":              "only v2",
		"x.":                            "made of letters",
		"-x":                            "made of letters",
		"x/.git":                        "made of letters",
		"x//y":                          "made of letters",
		"":                              "", // the directory's name
		"context2":                      "",
		"example.com/net/con2/v2":       "",
		"github.com/teff-dev/teffing":   "",
	} {
		parent := t.TempDir()
		err := scaffold.Project{Dir: filepath.Join(parent, "x"), Module: name}.Write(t.Context())
		if want == "" {
			if err != nil {
				t.Errorf("%q: %v", name, err)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "--module") {
			t.Errorf("%q: got %v, want %s", name, err, want)
		}
		if left, err := os.ReadDir(parent); err != nil || len(left) > 0 {
			t.Errorf("%q: %v is left, %v", name, left, err)
		}
	}
}

// The list of Go's names is that of the Go which builds this.
func TestNamesOfGo(t *testing.T) {
	for name := range strings.FieldsSeq(command(t, ".", "go", "list", "std")) {
		if first, _, _ := strings.Cut(name, "/"); !slices.Contains(scaffold.OfGo(), first) {
			t.Errorf("%s is not in the list", first)
		}
	}
}
