package badgerstore

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/dgraph-io/badger/v4"

	"github.com/teff-dev/teff/persistence"
)

// Open opens the store in dir, and makes both when there is none. The caller must
// Close it.
//
// It returns ErrInUse when somebody else has dir open, ErrForeign when dir holds
// something else, persistence.ErrCorrupt when its tables are damaged,
// persistence.ErrFull when less than a quarter of Options.MinFree is free, and the
// file system's errors, wrapped. It reads all of the store's tables to check them,
// which takes about a second for a gigabyte.
func Open(dir string, opts Options) (*Store, error) {
	return open(dir, opts, hooks{})
}

func open(dir string, opts Options, h hooks) (*Store, error) {
	opts = opts.withDefaults()
	s, err := openChecked(dir, opts, h)
	if err != nil {
		return nil, fmt.Errorf("open store in %s: %w", dir, err)
	}
	return s, nil
}

func openChecked(dir string, opts Options, h hooks) (*Store, error) {
	if err := prepare(dir); err != nil {
		return nil, err
	}
	space := newSpace(dir, opts, h)
	if err := space.roomToOpen(); err != nil {
		return nil, err
	}
	logger := &badgerLog{to: opts.Logger}
	badgerOpts := badgerOptions(dir, logger)
	if h.memTable != 0 {
		badgerOpts = badgerOpts.WithMemTableSize(h.memTable)
	}
	db, err := badger.Open(badgerOpts)
	if err != nil {
		return nil, err
	}
	s, err := begin(db, opts, h, space, logger)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return s, nil
}

// begin checks what db holds, tidies it up and starts the committer.
func begin(db *badger.DB, opts Options, h hooks, space *space, logger *badgerLog) (*Store, error) {
	if err := checkFormat(db); err != nil {
		return nil, err
	}
	// At opening rather than at each read, which would turn a damaged block into
	// missing records: Badger's lookups drop that error.
	if err := db.VerifyChecksum(); err != nil {
		return nil, fmt.Errorf("%w: %w; restore the directory from a backup", persistence.ErrCorrupt, err)
	}
	if err := sweep(db); err != nil {
		return nil, err
	}
	c, err := newCommitter(db, opts, h, space, logger)
	if err != nil {
		return nil, err
	}
	c.start()
	return &Store{db: db, committer: c}, nil
}

// prepare makes the directory, and says in plain words why it cannot be used.
func prepare(dir string) error {
	if dir == "" {
		return errors.New("no directory given")
	}
	info, err := os.Stat(dir)
	switch {
	case err == nil && !info.IsDir():
		return errors.New("it is a file; name a directory")
	case errors.Is(err, fs.ErrNotExist):
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return fmt.Errorf("make the directory: %w", err)
		}
	case errors.Is(err, syscall.ENOTDIR):
		return errors.New("a part of its path is a file; name a directory")
	case err != nil:
		return err
	}
	if err := checkWritable(dir); err != nil {
		return err
	}
	if err := checkFree(dir); err != nil {
		return err
	}
	return checkContents(dir)
}

func checkWritable(dir string) error {
	f, err := os.CreateTemp(dir, probeName+"*")
	if err != nil {
		return fmt.Errorf("cannot write there (make it writable for user %d, or name another directory): %w", os.Getuid(), err)
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

// probeName begins the name of the file that tries whether dir is writable; a crash
// may leave one.
const probeName = ".teff-probe-"

// checkContents keeps Badger from settling among a stranger's files. A directory with
// a manifest is a Badger database; whose, checkFormat tells.
func checkContents(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	var stranger string
	for _, e := range entries {
		if e.Name() == badger.ManifestFilename {
			return nil
		}
		if !mayPrecedeManifest(e.Name()) {
			stranger = e.Name()
		}
	}
	if stranger != "" {
		return fmt.Errorf("%w: it holds %s; name an empty or a new directory", ErrForeign, stranger)
	}
	return nil
}

// mayPrecedeManifest is true for what a fresh file system, and a process that died
// while it opened its first store, leave behind.
func mayPrecedeManifest(name string) bool {
	return name == "lost+found" || name == "LOCK" || name == "MANIFEST-REWRITE" || strings.HasPrefix(name, probeName)
}

// holder names the process that Badger says has dir.
func holder(dir string) string {
	pid, err := os.ReadFile(filepath.Join(dir, "LOCK"))
	if err != nil || len(pid) == 0 || len(pid) > 20 {
		return "another process"
	}
	return "process " + strings.TrimSpace(string(pid))
}
