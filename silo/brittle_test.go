package silo_test

import (
	"context"
	"sync"
	"testing"

	"google.golang.org/protobuf/proto"

	probev1 "github.com/teff-dev/teff/internal/probe/probe/v1"
	"github.com/teff-dev/teff/internal/wire"
	"github.com/teff-dev/teff/persistence"
	"github.com/teff-dev/teff/persistence/memstore"
)

// brittle is a real store that goes wrong when the test says so.
type brittle struct {
	persistence.Store

	mu   sync.Mutex
	trip func(ctx context.Context, op string, key persistence.Key, do func() error) error
}

func newBrittle() *brittle { return &brittle{Store: memstore.New()} }

// on has every Load, Commit and Claim done by trip, which may do it by calling do.
func (b *brittle) on(trip func(ctx context.Context, op string, key persistence.Key, do func() error) error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.trip = trip
}

func (b *brittle) run(ctx context.Context, op string, key persistence.Key, do func() error) error {
	b.mu.Lock()
	trip := b.trip
	b.mu.Unlock()
	if trip == nil {
		return do()
	}
	return trip(ctx, op, key, do)
}

func (b *brittle) Claim(ctx context.Context, fence persistence.Fence, shards ...persistence.Shard) error {
	return b.run(ctx, "claim", persistence.Key{}, func() error { return b.Store.Claim(ctx, fence, shards...) })
}

func (b *brittle) Load(ctx context.Context, shard persistence.Shard, key persistence.Key) (rec persistence.Record, err error) {
	err = b.run(ctx, "load", key, func() error { rec, err = b.Store.Load(ctx, shard, key); return err })
	return rec, err
}

func (b *brittle) Commit(ctx context.Context, shard persistence.Shard, fence persistence.Fence, writes ...persistence.Write) (revs []persistence.Revision, err error) {
	err = b.run(ctx, "commit", writes[0].Key, func() error { revs, err = b.Store.Commit(ctx, shard, fence, writes...); return err })
	return revs, err
}

// shardOf is where a probe's state lives, with the default number of partitions.
func shardOf(key string) persistence.Shard {
	const partitions = 1024
	p := wire.Partition(wire.TypeToken(probeType), wire.KeyToken(key), partitions)
	return persistence.Shard{Type: probeType, Partition: p}
}

// stored is the record of a probe.
func stored(t *testing.T, store persistence.Store, key string) persistence.Record {
	t.Helper()
	rec, err := store.Load(t.Context(), shardOf(key), persistence.Key{Grain: key})
	if err != nil {
		t.Fatal(err)
	}
	return rec
}

// overwrite puts a value in the place of a probe's record, as somebody else would.
func overwrite(t *testing.T, store persistence.Store, fence persistence.Fence, key string, value []byte) {
	t.Helper()
	rec, err := store.Load(t.Context(), shardOf(key), persistence.Key{Grain: key})
	if err != nil {
		rec.Revision = 0
	}
	write := persistence.Write{Key: persistence.Key{Grain: key}, Value: value, Expect: rec.Revision}
	if _, err := store.Commit(t.Context(), shardOf(key), fence, write); err != nil {
		t.Fatal(err)
	}
}

// firstFence is that of the first silo of a new cluster: it joined, and owned all, in the
// epoch after the one in which the generation was written down.
func firstFence() persistence.Fence { return persistence.Fence{Generation: 1, Since: 2} }

// sealed is a probe's state as it is stored.
func sealed(t *testing.T, count int64) []byte {
	t.Helper()
	data, err := proto.Marshal(&probev1.ProbeState{Count: count})
	if err != nil {
		t.Fatal(err)
	}
	return persistence.Envelope{Codec: persistence.CodecProto, Schema: "probe.v1.ProbeState", Data: data}.Seal(nil)
}
