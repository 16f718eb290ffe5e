//go:build unix && !solaris && !aix

package silo

import (
	"os"

	"golang.org/x/sys/unix"
)

// locks: a lock that lockFile took is let go when the process ends, however it does.
const locks = true

func lockFile(f *os.File) error { return unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB) }
