package arch

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"strings"
	"testing"
)

const module = "github.com/teff-dev/teff"

// listed is a package as go list tells of it.
type listed struct {
	ImportPath     string
	Dir            string
	Imports        []string
	GoFiles        []string
	IgnoredGoFiles []string // for other systems
	TestGoFiles    []string
	XTestGoFiles   []string
}

// packages lists the packages of the module, without those of testdata and of the
// modules within.
func packages(t *testing.T) []listed {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-e",
		"-json=ImportPath,Dir,Imports,GoFiles,IgnoredGoFiles,TestGoFiles,XTestGoFiles", module+"/...")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, &stderr)
	}
	var list []listed
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listed
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return list
		} else if err != nil {
			t.Fatalf("read what go list says: %v", err)
		}
		list = append(list, p)
	}
}

// imports returns what the package imports, tests aside.
func (p listed) imports() []string {
	imports := make([]string, len(p.Imports))
	for i, imp := range p.Imports {
		imports[i] = relative(imp)
	}
	return imports
}

// relative writes a package of the module from its root.
func relative(path string) string {
	if path == module {
		return "./."
	}
	if rest, ok := strings.CutPrefix(path, module+"/"); ok {
		return "./" + rest
	}
	return path
}
