package badgerstore

import (
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/teff-dev/teff/persistence"
)

// space knows roughly how much of the disk is free. It belongs to the committer's
// goroutine; asking the file system takes a microsecond, and is done when the last
// answer is old or much was written since.
type space struct {
	dir     string
	minFree int64
	free    func(dir string) (uint64, error)
	now     func() time.Time
	log     *slog.Logger

	asked    time.Time
	left     int64 // free bytes when asked
	written  int64 // bytes written since
	guessing bool  // the file system did not answer, and that was logged
}

const (
	spaceEvery = 100 * time.Millisecond
	spaceBytes = 16 << 20

	// What goes to a log is written again when it is sorted.
	writeFactor = 2

	// Claims and deletions are small, and needed to get out of a full disk.
	smallShare = 4

	mostFree = 1 << 62
)

var errSpaceUnknown = errors.New("the free space is not known on this system")

func newSpace(dir string, opts Options, h hooks) *space {
	s := &space{dir: dir, minFree: opts.MinFree, free: h.free, now: h.now, log: opts.Logger}
	if s.free == nil {
		s.free = freeBytes
	}
	if s.now == nil {
		s.now = time.Now
	}
	return s
}

// admit returns persistence.ErrFull when the disk has no room for a request that
// sets records (big) or does not.
func (s *space) admit(big bool) error {
	if s.minFree < 0 {
		return nil
	}
	if s.asked.IsZero() || s.written >= spaceBytes || s.now().Sub(s.asked) >= spaceEvery {
		s.ask()
	}
	need := s.minFree
	if !big {
		need /= smallShare
	}
	if left := s.left - s.written; left < need {
		return fmt.Errorf("%w: %d MiB are free in %s, %d MiB must be (make room, or lower Options.MinFree)",
			persistence.ErrFull, max(left, 0)>>20, s.dir, need>>20)
	}
	return nil
}

// wrote notes what a commit put on the disk.
func (s *space) wrote(bytes int) { s.written += int64(bytes) * writeFactor }

// roomToOpen keeps Badger from dying on a disk that has no room for its first files.
func (s *space) roomToOpen() error { return s.admit(false) }

func (s *space) ask() {
	s.asked, s.written = s.now(), 0
	free, err := s.free(s.dir)
	if err != nil {
		s.guess(err)
		return
	}
	s.left = int64(min(free, mostFree))
}

// guess goes on without an answer: refusing all writes because one question failed
// would be the worse harm.
func (s *space) guess(err error) {
	if s.left == 0 {
		s.left = mostFree
	}
	if !s.guessing {
		s.guessing = true
		s.log.Warn("store: cannot tell the free disk space", slog.String("dir", s.dir), slog.Any("error", err))
	}
}
