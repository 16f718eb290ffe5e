package scaffold

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// A claim is a directory that a project is written to.
type claim struct {
	dir  string
	made string // the outermost directory that was not there; empty: all were
}

// repository is what may be in the directory before: a project may begin with git init.
const repository = ".git"

// claimDir makes the directory, or sees that it is empty.
func claimDir(dir string) (claim, error) {
	there, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return claim{}, fmt.Errorf("look into %s: %w", dir, err)
	}
	for _, entry := range there {
		if entry.Name() != repository {
			return claim{}, fmt.Errorf("%s is not empty (it has %s): name a directory that is, or one that is not there yet", dir, entry.Name())
		}
	}
	c := claim{dir: dir}
	for d := filepath.Clean(dir); ; d = filepath.Dir(d) {
		if _, err := os.Lstat(d); !errors.Is(err, fs.ErrNotExist) {
			break
		}
		c.made = d
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return claim{}, errors.Join(fmt.Errorf("make %s: %w", dir, err), c.undo())
	}
	return c, nil
}

// undo takes away what was not there before.
func (c claim) undo() error {
	if c.made != "" {
		return os.RemoveAll(c.made)
	}
	there, err := os.ReadDir(c.dir)
	errs := []error{err}
	for _, entry := range there {
		if entry.Name() != repository {
			errs = append(errs, os.RemoveAll(filepath.Join(c.dir, entry.Name())))
		}
	}
	return errors.Join(errs...)
}
