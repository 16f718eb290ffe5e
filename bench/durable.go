package main

import (
	"context"
	"encoding/binary"
	"errors"
	"os"
	"strconv"

	"github.com/dgraph-io/badger/v4"

	benchv1 "github.com/teff-dev/teff/bench/bench/v1"
	"github.com/teff-dev/teff/bench/bench/v1/benchv1teff"
	"github.com/teff-dev/teff/grain"
	"github.com/teff-dev/teff/silo"
)

const (
	writers     = 256
	mustDurable = 10 // transactions a call
)

// counter is a grain that keeps its number in the silo's store.
type counter struct {
	state *grain.State[*benchv1.CounterState]
}

func newCounter(a *grain.Activation) (*counter, error) {
	return &counter{grain.StateOf[*benchv1.CounterState](a)}, nil
}

func (c *counter) Add(ctx context.Context, _ *benchv1.AddRequest) (*benchv1.AddResponse, error) {
	err := c.state.Update(ctx, func(s *benchv1.CounterState) error {
		s.Count++
		if s.Padding == "" {
			s.Padding = payload()
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &benchv1.AddResponse{Count: c.state.Value().GetCount()}, nil
}

// measureDurable compares grains that count durably, in Badger, with what is written
// without a framework: for each call a Badger transaction that reads and writes.
func measureDurable(s settings) ([]row, error) {
	host, stop, err := startSilo(silo.Config{Grains: []grain.Kind{benchv1teff.CounterKind(newCounter)}})
	if err != nil {
		return nil, err
	}
	defer stop()
	refs := make([]benchv1teff.Counter, writers)
	for i := range refs {
		refs[i] = benchv1teff.CounterOf(host, strconv.Itoa(i))
	}
	grains := func(caller int) error {
		_, err := refs[caller].Add(context.Background(), &benchv1.AddRequest{})
		return err
	}
	plain, closeDB, err := plainBadger()
	if err != nil {
		return nil, err
	}
	defer closeDB()

	var mine, theirs []sample
	for range s.rounds {
		a, err := sampleCalls(grains, writers, s.round, ownCPUOnly)
		if err != nil {
			return nil, err
		}
		b, err := sampleCalls(plain, writers, s.round, ownCPUOnly)
		if err != nil {
			return nil, err
		}
		mine, theirs = append(mine, a), append(theirs, b)
	}
	const plainName = "durable plain"
	r := rowOf("durable grain", writers, mine).against(plainName+" calls/s", mine, theirs, sample.perSecond)
	return []row{rowOf(plainName, writers, theirs), r.atLeast(mustDurable, "")}, nil
}

// plainBadger counts in a database of its own, synced to the disk as a grain's state is.
func plainBadger() (call, func(), error) {
	dir, err := os.MkdirTemp("", "teff-bench-")
	if err != nil {
		return nil, nil, err
	}
	db, err := badger.Open(badger.DefaultOptions(dir).WithLogger(nil).WithSyncWrites(true))
	if err != nil {
		_ = os.RemoveAll(dir)
		return nil, nil, err
	}
	add := func(caller int) error {
		key := strconv.AppendInt(nil, int64(caller), 10)
		return db.Update(func(txn *badger.Txn) error {
			value := []byte(payload())
			item, err := txn.Get(key)
			if err == nil {
				value, err = item.ValueCopy(nil)
			}
			if err != nil && !errors.Is(err, badger.ErrKeyNotFound) {
				return err
			}
			binary.BigEndian.PutUint64(value, binary.BigEndian.Uint64(value)+1)
			return txn.Set(key, value)
		})
	}
	return add, func() {
		if err := db.Close(); err != nil {
			logger().Error("close Badger", "error", err)
		}
		_ = os.RemoveAll(dir)
	}, nil
}
