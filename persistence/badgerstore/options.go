package badgerstore

import (
	"log/slog"
	"time"

	"github.com/dgraph-io/badger/v4"
)

// DefaultMinFree is the free disk space in bytes below which nothing is set.
const DefaultMinFree = 256 << 20

// Options adjust a store; the zero value works.
type Options struct {
	// Logger gets what the store and Badger have to say. Nil discards it.
	Logger *slog.Logger

	// MinFree is how many bytes must be free in the directory's file system for a
	// record to be set. 0 means DefaultMinFree; a negative number turns the check
	// off, and with it the protection from SIGBUS on a full disk.
	MinFree int64
}

func (o Options) withDefaults() Options {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.MinFree == 0 {
		o.MinFree = DefaultMinFree
	}
	return o
}

// hooks are where tests reach in.
type hooks struct {
	free      func(dir string) (uint64, error) // nil: ask the file system
	now       func() time.Time                 // nil: time.Now
	committed func(requests int)               // nil, or called after each Badger transaction
	maxBatch  int                              // 0: maxBatch
	memTable  int64                            // 0: memTableSize
}

const (
	// A transaction may take 15 % of memTableSize: 2.4 MiB.
	memTableSize = 16 << 20

	// valueThreshold is the size from which Badger would put a value into the value
	// log. No chunk is that long, so that log stays empty, and may be small.
	valueThreshold = 2 * chunkSize
	valueLogSize   = 2 << 20
)

// badgerOptions keep Badger's footprint near 35 MB, at some cost in bulk loading.
func badgerOptions(dir string, logger badger.Logger) badger.Options {
	return badger.DefaultOptions(dir).
		WithLogger(logger).
		WithSyncWrites(true).
		WithDetectConflicts(false). // there is one writer
		WithMetricsEnabled(false).  // they are process-wide
		WithNumVersionsToKeep(1).
		WithMemTableSize(memTableSize).
		WithNumMemtables(2).
		WithNumCompactors(2).
		WithBlockCacheSize(32 << 20).
		WithIndexCacheSize(16 << 20).
		WithValueThreshold(valueThreshold).
		WithValueLogFileSize(valueLogSize).
		WithVerifyValueChecksum(true)
}
