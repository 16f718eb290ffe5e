package badgerstore

import "errors"

// What Open may answer, besides what the file system says.
var (
	// ErrInUse: another process, or another Store of this one, has the directory.
	ErrInUse = errors.New("the directory is in use")

	// ErrForeign: the directory holds something that is no store of this package, or
	// one that a newer release wrote. It was left alone.
	ErrForeign = errors.New("the directory is not a store that this release can open")
)

// errFailed is why a store writes no more after a commit that the disk failed.
var errFailed = errors.New("an earlier commit failed on disk; check the disk, then restart")
