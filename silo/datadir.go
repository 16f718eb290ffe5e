package silo

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/teff-dev/teff/grain"
)

// A dataDir is the directory where a silo keeps its files, locked: what an earlier process
// wrote there about itself is then about one that is gone.
type dataDir struct {
	path  string
	lock  *os.File
	added bool // something of this process's is in the file
}

// Files of a data directory.
const (
	fileLock         = "lock"
	fileIncarnations = "incarnations" // of the process that had it last, one a line
	fileStore        = "store-id"
)

func openDataDir(path string) (*dataDir, error) {
	err := os.MkdirAll(path, 0o700)
	if at, ok := errors.AsType[*fs.PathError](err); ok && errors.Is(err, syscall.ENOTDIR) {
		return nil, grain.Errorf(grain.CodeFailedPrecondition, "the data directory %s cannot be made: %s is a file: name another directory (Config.DataDir)", path, at.Path)
	}
	if err != nil {
		return nil, fmt.Errorf("make the data directory: %w", err)
	}
	lock, err := os.OpenFile(filepath.Join(path, fileLock), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the data directory: %w", err)
	}
	if err := lockFile(lock); err != nil {
		_ = lock.Close() // nothing was written
		return nil, grain.Errorf(grain.CodeFailedPrecondition, "the data directory %s is in use by another silo: stop that one, or name another directory (Config.DataDir): %w", path, err)
	}
	return &dataDir{path: path, lock: lock}, nil
}

func (d *dataDir) close() { _ = d.lock.Close() } // and the lock with it

// incarnations are what the process was called that had the directory last.
func (d *dataDir) incarnations() []string {
	if !locks {
		return nil
	}
	data, err := os.ReadFile(filepath.Join(d.path, fileIncarnations))
	if err != nil {
		return nil // there was none, or it is waited for
	}
	return strings.Fields(string(data))
}

// add writes down what this process is called.
func (d *dataDir) add(incarnation string) error {
	how := os.O_APPEND
	if !d.added {
		how = os.O_TRUNC
	}
	f, err := os.OpenFile(filepath.Join(d.path, fileIncarnations), os.O_CREATE|os.O_WRONLY|how, 0o600)
	if err != nil {
		return err
	}
	d.added = true
	_, err = fmt.Fprintln(f, incarnation)
	return errors.Join(err, f.Close())
}

// storeID names the store in the directory, for life.
func (d *dataDir) storeID() (string, error) {
	path := filepath.Join(d.path, fileStore)
	data, err := os.ReadFile(path)
	if err == nil && len(data) > 0 {
		return strings.TrimSpace(string(data)), nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("read the store's name: %w", err)
	}
	id := rand.Text()
	if err := os.WriteFile(path, []byte(id+"\n"), 0o600); err != nil {
		return "", fmt.Errorf("name the store: %w", err)
	}
	return id, nil
}
