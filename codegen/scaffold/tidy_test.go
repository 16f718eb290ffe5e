package scaffold_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/teff-dev/teff/codegen/scaffold"
)

// A project whose modules cannot be found is taken away, and nothing else is.
func TestCreateFails(t *testing.T) {
	for name, c := range map[string]struct {
		setenv func(t *testing.T)
		want   string
	}{
		"no module": {func(t *testing.T) {
			t.Helper()
			t.Setenv("GOPROXY", "off")
			t.Setenv("GOFLAGS", "-modcacherw")
			t.Setenv("GOMODCACHE", t.TempDir())
		}, "go mod tidy could not find the project's modules"},
		"no go": {func(t *testing.T) {
			t.Helper()
			t.Setenv("PATH", t.TempDir())
		}, "there is no go command"},
	} {
		t.Run(name, func(t *testing.T) {
			parent, repository := t.TempDir(), t.TempDir()
			config := filepath.Join(repository, ".git", "config")
			if err := os.Mkdir(filepath.Dir(config), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(config, []byte("mine"), 0o600); err != nil {
				t.Fatal(err)
			}
			c.setenv(t)
			for _, dir := range []string{filepath.Join(parent, "y", "x"), repository} {
				err := scaffold.Project{Dir: dir, Module: "x"}.Create(t.Context())
				if err == nil || !strings.Contains(err.Error(), c.want) {
					t.Errorf("got %v, want %s", err, c.want)
				}
			}
			if left, err := os.ReadDir(parent); err != nil || len(left) > 0 {
				t.Errorf("left are %v, %v", left, err)
			}
			if left := snapshot(t, repository); len(left) != 1 || string(left[config]) != "mine" {
				t.Errorf("left are %v", left)
			}
		})
	}
}

// A directory that has a repository and nothing else is as good as an empty one.
func TestRepositoryIsLetBe(t *testing.T) {
	dir := t.TempDir()
	command(t, dir, "git", "init", "-q")
	if err := (scaffold.Project{Dir: dir, Module: "x"}).Write(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "go.mod")); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Join(dir, ".git", "HEAD")); err != nil {
		t.Error(err)
	}
}

// Go asks hosts that need not answer, and what it starts outlives it.
func TestTidyHasAnEnd(t *testing.T) {
	bin, dir := t.TempDir(), t.TempDir()
	if err := os.WriteFile(filepath.Join(bin, "go"), []byte("#!/bin/sh\nsleep 20\n"), 0o700); err != nil { //nolint:gosec // it is to be run
		t.Fatal(err)
	}
	t.Setenv("PATH", bin+string(os.PathListSeparator)+os.Getenv("PATH"))
	begin := time.Now()
	err := scaffold.Project{Dir: dir}.TidyWithin(t.Context(), 50*time.Millisecond)
	if err == nil || !strings.Contains(err.Error(), "did not find the project's modules within 50ms") {
		t.Errorf("got %v", err)
	}
	if took := time.Since(begin); took > 10*time.Second {
		t.Errorf("took %s", took)
	}
}
