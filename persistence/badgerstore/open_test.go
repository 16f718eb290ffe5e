package badgerstore

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dgraph-io/badger/v4"

	"github.com/teff-dev/teff/persistence"
)

// refuses returns why dir cannot be opened.
func refuses(t *testing.T, dir string) error {
	t.Helper()
	s, err := Open(dir, Options{})
	if err == nil {
		t.Error("it was opened")
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		return errors.New("opened")
	}
	t.Log(err)
	if !strings.Contains(err.Error(), dir) {
		t.Error("the error does not name the directory")
	}
	return err
}

func TestTheDirectoryIsMade(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "deeper")
	mustCommit(t, openAt(t, dir, hooks{}), set("a", "1"))
	info, err := os.Stat(dir)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		t.Errorf("others may look into it: %s", info.Mode())
	}
}

func TestOneStoreHasTheDirectory(t *testing.T) {
	dir := t.TempDir()
	s := openAt(t, dir, hooks{})
	err := refuses(t, dir)
	if !errors.Is(err, ErrInUse) {
		t.Errorf("got %v, want ErrInUse", err)
	}
	if want := fmt.Sprint("process ", os.Getpid()); !strings.Contains(err.Error(), want) {
		t.Errorf("the error does not say that %s has it", want)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	openAt(t, dir, hooks{})
}

func TestAFileIsNoDirectory(t *testing.T) {
	name := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(name, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := refuses(t, name); !strings.Contains(err.Error(), "name a directory") {
		t.Error("the error does not say what to do")
	}
	// Nor can one be made below it.
	if err := refuses(t, filepath.Join(name, "below")); !strings.Contains(err.Error(), "a part of its path is a file") {
		t.Errorf("got %v", err)
	}
}

func TestReadOnlyDirectory(t *testing.T) {
	if os.Getuid() == 0 {
		t.Skip("root may write anywhere")
	}
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o500); err != nil {
		t.Fatal(err)
	}
	if err := refuses(t, dir); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("got %v, want a permission error", err)
	}
}

func TestForeignFilesAreLeftAlone(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "thesis.txt"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := refuses(t, dir); !errors.Is(err, ErrForeign) {
		t.Errorf("got %v, want ErrForeign", err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Errorf("the directory holds %v now (%v)", entries, err)
	}
}

func TestAFreshFileSystemIsEmptyEnough(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "lost+found"), 0o700); err != nil {
		t.Fatal(err)
	}
	openAt(t, dir, hooks{})
}

func TestForeignBadgerDatabase(t *testing.T) {
	for what, key := range map[string]string{"another program's": "users/1", "a newer release's": keyFormat} {
		t.Run(what, func(t *testing.T) {
			dir := t.TempDir()
			writeRaw(t, dir, key, formatName+"2")
			if err := refuses(t, dir); !errors.Is(err, ErrForeign) {
				t.Errorf("got %v, want ErrForeign", err)
			}
		})
	}
}

func writeRaw(t *testing.T, dir, key, value string) {
	t.Helper()
	db, err := badger.Open(badger.DefaultOptions(dir).WithLogger(nil))
	if err != nil {
		t.Fatal(err)
	}
	err = db.Update(func(txn *badger.Txn) error { return txn.Set([]byte(key), []byte(value)) })
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
}

func TestOpenRefusesAFullDisk(t *testing.T) {
	_, err := open(t.TempDir(), Options{}, hooks{free: func(string) (uint64, error) { return 1 << 20, nil }})
	if !errors.Is(err, persistence.ErrFull) {
		t.Errorf("got %v, want ErrFull", err)
	}
}
