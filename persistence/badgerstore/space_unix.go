//go:build linux || darwin || freebsd

package badgerstore

import "golang.org/x/sys/unix"

// freeBytes is what an ordinary user may still write: a file system keeps a share
// for root.
func freeBytes(dir string) (uint64, error) {
	var stat unix.Statfs_t
	if err := unix.Statfs(dir, &stat); err != nil {
		return 0, err
	}
	// Some systems count below zero when root has dipped into its share.
	blocks := max(int64(stat.Bavail), 0)
	return uint64(blocks) * uint64(stat.Bsize), nil
}
