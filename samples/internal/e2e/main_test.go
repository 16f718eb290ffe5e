//go:build unix

package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestMain(m *testing.M) { os.Exit(withPrograms(m.Run)) }

// withPrograms builds the programs and puts them first on the PATH: for the tests, and for
// the shells that they paste a line into.
func withPrograms(run func() int) int {
	dir, err := os.MkdirTemp("", "teff-e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	build := exec.Command("go", "build", "-o", dir, "./samples/...", "./cmd/teff")
	build.Dir = checkout()
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n%s", build, err, out)
		return 1
	}
	if err := os.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH")); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	// What the person who runs the tests has set is not for them.
	for _, name := range []string{"TEFF_NATS", "TEFF_CLUSTER"} {
		if err := os.Unsetenv(name); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
	}
	return run()
}

// TestTheProgramsAreThoseOfToday has go test see the files that the programs are built
// from, so that it does not answer from its cache when one of them has changed.
func TestTheProgramsAreThoseOfToday(t *testing.T) {
	cmd := exec.CommandContext(t.Context(), "go", "list", "-deps", "-f",
		`{{if .Module}}{{if .Module.Main}}{{$dir := .Dir}}{{range .GoFiles}}{{$dir}}/{{.}}{{"\n"}}{{end}}{{range .EmbedFiles}}{{$dir}}/{{.}}{{"\n"}}{{end}}{{end}}{{end}}`,
		"./samples/...", "./cmd/teff")
	cmd.Dir = checkout()
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	files := strings.Fields(string(out))
	for _, name := range append(files, filepath.Join(checkout(), "go.mod")) {
		if _, err := os.Stat(name); err != nil {
			t.Error(err)
		}
	}
	if len(files) < 50 {
		t.Errorf("the programs are built from %d files only", len(files))
	}
}

// checkout is this repository.
func checkout() string {
	dir, err := filepath.Abs(filepath.Join("..", "..", ".."))
	if err != nil {
		panic(err)
	}
	return dir
}
