package scaffold_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/teff-dev/teff/codegen/scaffold"
)

// checkout is this repository.
func checkout(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// command runs a command in dir, and returns what it writes.
func command(t *testing.T, dir, name string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOWORK=off")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}

// TestProjectWorks does what a user does first: init, make test, make generate.
func TestProjectWorks(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "abacus")
	p := scaffold.Project{Dir: dir, Module: "example.com/shop/abacus", Teff: checkout(t)}
	if err := p.Create(t.Context()); err != nil {
		t.Fatal(err)
	}
	if out := command(t, dir, "make", "test"); !strings.Contains(out, "ok  \texample.com/shop/abacus/counter") {
		t.Errorf("make test did not run the grain's test:\n%s", out)
	}
	if out := command(t, dir, "gofmt", "-l", "."); out != "" {
		t.Errorf("not formatted: %s", out)
	}
	before := snapshot(t, dir)
	command(t, dir, "make", "generate")
	command(t, dir, "go", "mod", "tidy")
	for name, content := range snapshot(t, dir) {
		if !bytes.Equal(content, before[name]) {
			t.Errorf("make generate or go mod tidy changed %s", name)
		}
	}
}

// snapshot reads all files below dir.
func snapshot(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	files := make(map[string][]byte)
	if err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		files[path], err = os.ReadFile(path)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return files
}

func TestFiles(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "tally")
	if err := (scaffold.Project{Dir: dir}).Write(t.Context()); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"go.mod":                          "module tally\n",
		"Makefile":                        "go tool teff generate", // by way of $(GO)
		".gitignore":                      "/teff-data/",
		"README.md":                       "# tally\n",
		"main.go":                         `"tally/counter"`,
		"counter/counter.go":              "func New(a *grain.Activation) (*Counter, error)",
		"counter/counter_test.go":         "graintest.New(t, New,",
		"protos/counter/v1/counter.proto": `option go_package = "tally/protos/counter/v1;counterv1";`,
		"protos/counter/v1/counter.pb.go": "package counterv1\n",
		"protos/counter/v1/counterv1teff/counter.teff.go": "func CounterKind[",
	} {
		content, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
		if text := strings.ReplaceAll(string(content), "$(GO)", "go"); err != nil || !strings.Contains(text, want) {
			t.Errorf("%s lacks %q (%v):\n%s", name, want, err, content)
		}
	}
	if files := snapshot(t, dir); len(files) != 10 {
		t.Errorf("wrote %d files", len(files))
	}
	if mod, err := os.ReadFile(filepath.Join(dir, "go.mod")); err != nil || strings.Contains(string(mod), "replace") {
		t.Errorf("without a checkout go.mod is %v:\n%s", err, mod)
	}
}

// TestGoVersion: a project cannot do with an older Go than Teff can.
func TestGoVersion(t *testing.T) {
	type mod struct {
		Go      string
		Replace []struct{ New struct{ Path string } }
	}
	read := func(dir string) (m mod) {
		if err := json.Unmarshal([]byte(command(t, dir, "go", "mod", "edit", "-json")), &m); err != nil {
			t.Fatal(err)
		}
		return m
	}
	odd := filepath.Join(t.TempDir(), "a teff, of (sorts)")
	if err := os.Symlink(checkout(t), odd); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "x")
	if err := (scaffold.Project{Dir: dir, Teff: odd}).Write(t.Context()); err != nil {
		t.Fatal(err)
	}
	got, want := read(dir), read(checkout(t))
	if got.Go != want.Go {
		t.Errorf("a project is of go %s, and Teff of go %s", got.Go, want.Go)
	}
	if len(got.Replace) != 1 || got.Replace[0].New.Path != odd {
		t.Errorf("go.mod replaces %+v, want %s", got.Replace, odd)
	}
}

func TestRefused(t *testing.T) {
	full, empty := t.TempDir(), t.TempDir()
	if err := os.WriteFile(filepath.Join(full, "mine.txt"), []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		project scaffold.Project
		want    string
	}{
		"not empty":           {scaffold.Project{Dir: full, Module: "x"}, "is not empty (it has mine.txt)"},
		"a file":              {scaffold.Project{Dir: filepath.Join(full, "mine.txt"), Module: "x"}, "look into"},
		"no module name":      {scaffold.Project{Dir: filepath.Join(empty, "my project")}, `"my project" will not do as a Go module's name: it is made of letters`},
		"a bad module name":   {scaffold.Project{Dir: filepath.Join(empty, "x"), Module: `x"y`}, "will not do as a Go module's name"},
		"an empty path part":  {scaffold.Project{Dir: filepath.Join(empty, "x"), Module: "a//b"}, "will not do as a Go module's name"},
		"no checkout":         {scaffold.Project{Dir: filepath.Join(empty, "x"), Teff: empty}, "is no checkout of Teff"},
		"no such checkout":    {scaffold.Project{Dir: filepath.Join(empty, "x"), Teff: filepath.Join(empty, "y")}, "is no checkout of Teff"},
		"below a plain file":  {scaffold.Project{Dir: filepath.Join(full, "mine.txt", "x")}, "mine.txt"},
		"a part that is dots": {scaffold.Project{Dir: filepath.Join(empty, "x"), Module: "a/../b"}, "will not do as a Go module's name"},
	} {
		err := c.project.Write(t.Context())
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %s", name, err, c.want)
		}
	}
	if left := snapshot(t, full); len(left) != 1 {
		t.Errorf("wrote into a directory that is not empty: %v", left)
	}
	if left, err := os.ReadDir(empty); err != nil || len(left) != 0 {
		t.Errorf("wrote in spite of the error: %v, %v", left, err)
	}
}
