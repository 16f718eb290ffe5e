//go:build linux

package faults

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/teff-dev/teff/persistence"
)

// errDown is what a store answers that was told to be down. It has changed nothing.
var errDown = errors.New("the store is down, as it was told to be")

// A ward is a store that can be told to be slow, or down.
type ward struct {
	persistence.Store
	slow *atomic.Int64 // by how much later everything reaches the store
	down *atomic.Bool
}

func (w *ward) hinder(ctx context.Context) error {
	if w.down.Load() {
		return errDown
	}
	if d := time.Duration(w.slow.Load()); d > 0 {
		return wait(ctx, d)
	}
	return nil
}

// Claim implements persistence.Store.
func (w *ward) Claim(ctx context.Context, f persistence.Fence, shards ...persistence.Shard) error {
	if err := w.hinder(ctx); err != nil {
		return err
	}
	return w.Store.Claim(ctx, f, shards...)
}

// Load implements persistence.Store.
func (w *ward) Load(ctx context.Context, shard persistence.Shard, key persistence.Key) (persistence.Record, error) {
	if err := w.hinder(ctx); err != nil {
		return persistence.Record{}, err
	}
	return w.Store.Load(ctx, shard, key)
}

// Commit implements persistence.Store.
func (w *ward) Commit(ctx context.Context, shard persistence.Shard, f persistence.Fence, writes ...persistence.Write) ([]persistence.Revision, error) {
	if err := w.hinder(ctx); err != nil {
		return nil, err
	}
	return w.Store.Commit(ctx, shard, f, writes...)
}
