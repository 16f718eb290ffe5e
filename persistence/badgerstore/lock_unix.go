//go:build unix && !solaris && !aix

package badgerstore

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// checkFree tries the lock that Badger will take on the directory, because Badger's
// own error tells neither who has it nor, to a program, that it is this error.
func checkFree(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // it was only read; this lets the lock go
	err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		return fmt.Errorf("%w: %s has it open; stop that one, or name another directory", ErrInUse, holder(dir))
	}
	if err != nil {
		return fmt.Errorf("lock the directory: %w", err)
	}
	return nil
}
