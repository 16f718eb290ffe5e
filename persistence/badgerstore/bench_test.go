package badgerstore

import (
	"context"
	"fmt"
	"runtime"
	"sync/atomic"
	"testing"

	"github.com/dgraph-io/badger/v4"

	"github.com/teff-dev/teff/persistence"
)

const benchValue = 100 // bytes

// BenchmarkCommit compares the committer with what Badger does when each caller has a
// transaction of its own, and with the bare minimum of batching.
func BenchmarkCommit(b *testing.B) {
	for _, callers := range []int{1, 64, 256, 1024} {
		b.Run(fmt.Sprintf("grouped/callers=%d", callers), func(b *testing.B) {
			benchStore(b, callers)
		})
		b.Run(fmt.Sprintf("oneEach/callers=%d", callers), func(b *testing.B) {
			benchOneEach(b, callers)
		})
		b.Run(fmt.Sprintf("rawBatches/callers=%d", callers), func(b *testing.B) {
			benchRaw(b, callers)
		})
	}
}

// benchStore: each caller updates a record of its own, on the revision it knows.
func benchStore(b *testing.B, callers int) {
	var transactions atomic.Int64
	s := openAt(b, b.TempDir(), hooks{committed: func(int) { transactions.Add(1) }})
	if err := s.Claim(b.Context(), testFence, testShard); err != nil {
		b.Fatal(err)
	}
	eachCaller(b, callers, func(caller int) func() error {
		w := persistence.Write{Key: persistence.Key{Grain: fmt.Sprint(caller)}, Value: make([]byte, benchValue)}
		return func() error {
			revisions, err := s.Commit(context.Background(), testShard, testFence, w)
			if err == nil {
				w.Expect = revisions[0]
			}
			return err
		}
	})
	b.ReportMetric(float64(b.N)/float64(transactions.Load()), "commits/txn")
}

// benchOneEach does in a transaction a call what a commit does: read the fence, read
// the revision, write.
func benchOneEach(b *testing.B, callers int) {
	db := benchDB(b)
	eachCaller(b, callers, func(caller int) func() error {
		key := rowKey(testShard, persistence.Key{Grain: fmt.Sprint(caller)})
		var revision persistence.Revision
		return func() error {
			return db.Update(func(txn *badger.Txn) error {
				fenced, err := read(txn, fenceKey(testShard), func([]byte) error { return nil })
				if err != nil || fenced {
					return fmt.Errorf("fence: %t, %w", fenced, err)
				}
				_, err = read(txn, key, func(encoded []byte) error {
					r, err := decodeRow(encoded)
					if r.revision != revision {
						return persistence.ErrConflict
					}
					return err
				})
				if err != nil {
					return err
				}
				encoded, _ := newRow(make([]byte, benchValue))
				revision++
				stamp(encoded, revision)
				return txn.Set(key, encoded)
			})
		}
	})
}

// benchRaw: batches of sets with one sync, without judging anything or answering
// anybody. No store can be faster.
func benchRaw(b *testing.B, callers int) {
	db := benchDB(b)
	keys := make([][]byte, callers)
	for i := range keys {
		keys[i] = rowKey(testShard, persistence.Key{Grain: fmt.Sprint(i)})
	}
	b.ResetTimer()
	for done := 0; done < b.N; {
		err := db.Update(func(txn *badger.Txn) error {
			for i := range min(callers, maxBatch, b.N-done) {
				row, _ := newRow(make([]byte, benchValue))
				if err := txn.Set(append([]byte(nil), keys[i]...), row); err != nil {
					return err
				}
				done++
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}

func benchDB(b *testing.B) *badger.DB {
	db, err := badger.Open(badgerOptions(b.TempDir(), nil))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := db.Close(); err != nil {
			b.Error(err)
		}
	})
	return db
}

// eachCaller divides the calls among as many callers.
func eachCaller(b *testing.B, callers int, newCall func(caller int) func() error) {
	b.Helper()
	b.ReportAllocs()
	b.SetParallelism(max(1, callers/runtime.GOMAXPROCS(0)))
	var caller atomic.Int64
	if callers == 1 {
		call := newCall(0)
		for b.Loop() {
			if err := call(); err != nil {
				b.Fatal(err)
			}
		}
		return
	}
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		call := newCall(int(caller.Add(1)))
		for pb.Next() {
			if err := call(); err != nil {
				b.Error(err)
				return
			}
		}
	})
}

func BenchmarkLoad(b *testing.B) {
	s := openAt(b, b.TempDir(), hooks{})
	const records = 1000
	for i := range records {
		if _, err := s.Commit(b.Context(), testShard, testFence, set(fmt.Sprint(i), string(make([]byte, benchValue)))); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		i++
		if _, err := s.Load(context.Background(), testShard, persistence.Key{Grain: fmt.Sprint(i % records)}); err != nil {
			b.Fatal(err)
		}
	}
}
