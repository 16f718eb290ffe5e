package storetest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"pgregory.net/rapid"

	"github.com/teff-dev/teff/persistence"
)

// checkModel runs random operations on the store and on a model that is too simple
// to be wrong, and compares each answer.
func checkModel(ctx context.Context, h *harness) error {
	var generation uint64
	round := 0
	return holdsFor("StoreModel", func(t *rapid.T) {
		// Each try has a grain type of its own, which is as good as a new store.
		round++
		m := &model{
			h:          h,
			ctx:        func() context.Context { return ctx },
			grainType:  fmt.Sprint("storetest.v1.Model", round),
			generation: &generation,
			fences:     map[uint32]persistence.Fence{},
			records:    map[place]persistence.Record{},
			revisions:  map[place]*revisionLog{},
		}
		t.Repeat(map[string]func(*rapid.T){
			"":           m.compare,
			"commit":     m.commit,
			"claim":      m.claim,
			"delete":     m.delete,
			"generation": m.nextGeneration,
			"reopen":     m.reopen,
		})
		m.clean(t) //nolint:contextcheck // a rapid.T brings its own context
	})
}

type place struct {
	partition uint32
	key       persistence.Key
}

// A model is what the store should be.
type model struct {
	h          *harness
	ctx        func() context.Context
	grainType  string
	generation *uint64 // across tries; 0 is unknown
	fences     map[uint32]persistence.Fence
	records    map[place]persistence.Record
	revisions  map[place]*revisionLog
}

func (m *model) shard(partition uint32) persistence.Shard {
	return persistence.Shard{Type: m.grainType, Partition: partition}
}

func (m *model) commit(t *rapid.T) {
	partition, f := m.drawTarget(t)
	keys := rapid.SliceOfNDistinct(drawKey(), 1, 4, func(k persistence.Key) persistence.Key { return k }).Draw(t, "keys")
	var writes []persistence.Write
	var clash bool
	for _, k := range keys {
		now := m.records[place{partition, k}].Revision
		w := persistence.Write{Key: k, Expect: now, Delete: rapid.IntRange(0, 3).Draw(t, "deletion") == 0}
		if !w.Delete {
			w.Value = rapid.SliceOfN(rapid.Byte(), 0, 5).Draw(t, "value")
		}
		if rapid.IntRange(0, 7).Draw(t, "wrong") == 0 {
			w.Expect = persistence.Revision(rapid.Uint64Range(0, 20).Draw(t, "expect"))
		}
		clash = clash || w.Expect != now
		writes = append(writes, w)
	}
	revisions, err := m.h.store.Commit(m.ctx(), m.shard(partition), f, writes...)
	switch {
	case m.fences[partition].Compare(f) > 0:
		m.want(t, err, persistence.ErrFenced)
	case clash:
		m.want(t, err, persistence.ErrConflict)
	default:
		m.want(t, err, nil)
		m.fences[partition] = f
		m.apply(t, partition, writes, revisions)
	}
}

func (m *model) apply(t *rapid.T, partition uint32, writes []persistence.Write, revisions []persistence.Revision) {
	if len(revisions) != len(writes) {
		t.Fatalf("%d writes gave %d revisions", len(writes), len(revisions))
	}
	for i, w := range writes {
		at := place{partition, w.Key}
		if w.Delete {
			delete(m.records, at)
			if revisions[i] != 0 {
				t.Fatalf("a deletion gave revision %d", revisions[i])
			}
			continue
		}
		log := m.revisions[at]
		if log == nil {
			log = &revisionLog{}
			m.revisions[at] = log
		}
		if err := log.add(revisions[i]); err != nil {
			t.Fatalf("%s: %v", w.Key, err)
		}
		m.records[at] = persistence.Record{Key: w.Key, Value: w.Value, Revision: revisions[i]}
	}
}

func (m *model) claim(t *rapid.T) {
	partition, f := m.drawTarget(t)
	err := m.h.store.Claim(m.ctx(), f, m.shard(partition))
	if m.fences[partition].Compare(f) > 0 {
		m.want(t, err, persistence.ErrFenced)
		return
	}
	m.want(t, err, nil)
	m.fences[partition] = f
}

func (m *model) delete(t *rapid.T) {
	partition, f := m.drawTarget(t)
	grain := drawKey().Draw(t, "key").Grain
	err := m.h.store.Delete(m.ctx(), m.shard(partition), f, grain)
	if m.fences[partition].Compare(f) > 0 {
		m.want(t, err, persistence.ErrFenced)
		return
	}
	m.want(t, err, nil)
	m.fences[partition] = f
	maps.DeleteFunc(m.records, func(at place, _ persistence.Record) bool {
		return at.partition == partition && at.key.Grain == grain
	})
}

func (m *model) nextGeneration(t *rapid.T) {
	g, err := m.h.store.NextGeneration(m.ctx())
	m.want(t, err, nil)
	if *m.generation != 0 && g != *m.generation+1 {
		t.Fatalf("generation %d was given after %d", g, *m.generation)
	}
	*m.generation = g
}

// reopen is rare, because it is slow where it means most.
func (m *model) reopen(t *rapid.T) {
	if !m.h.traits.Durable || rapid.IntRange(0, 15).Draw(t, "reopen") != 0 {
		return
	}
	if err := m.h.reopen(); err != nil {
		t.Fatal(err)
	}
}

// compare reads everything back.
func (m *model) compare(t *rapid.T) {
	for at, r := range m.records {
		if err := m.h.holds(m.ctx(), m.shard(at.partition), at.key, r.Value, r.Revision); err != nil {
			t.Fatal(err)
		}
	}
	var want []persistence.ListedRecord
	for at, r := range m.records {
		want = append(want, persistence.ListedRecord{Shard: m.shard(at.partition), Record: r})
	}
	slices.SortFunc(want, compareListed)
	limit := rapid.SampledFrom([]int{0, 1, 3}).Draw(t, "limit")
	got, err := m.h.listAll(m.ctx(), persistence.Query{Type: m.grainType, Limit: limit})
	if err != nil {
		t.Fatal(err)
	}
	if err := sameListing(got, want, false); err != nil {
		t.Fatalf("listing: %v", err)
	}
}

// clean takes a try's records away.
func (m *model) clean(t *rapid.T) {
	const highest = 1<<64 - 1
	for at := range m.records {
		if err := m.h.store.Delete(m.ctx(), m.shard(at.partition), fence(highest, highest), at.key.Grain); err != nil {
			t.Fatal(err)
		}
	}
}

func (m *model) want(t *rapid.T, err, sentinel error) {
	if !errors.Is(err, sentinel) {
		t.Fatalf("got error %v, want %v", err, sentinel)
	}
}

// drawTarget draws a partition and a fence, mostly the present one or a neighbour.
func (m *model) drawTarget(t *rapid.T) (uint32, persistence.Fence) {
	partition := rapid.SampledFrom([]uint32{0, 1, 1<<32 - 1}).Draw(t, "partition")
	f := m.fences[partition]
	switch rapid.IntRange(0, 9).Draw(t, "fence") {
	case 0:
		f.Since++
	case 1:
		f.Since--
	case 2:
		f = rapid.SampledFrom(ascendingFences()[:9]).Draw(t, "low fence")
	case 3:
		f = fence(f.Generation+1, 0)
	}
	return partition, f
}

// drawKey draws from few keys, so that operations meet, with neighbours among them.
func drawKey() *rapid.Generator[persistence.Key] {
	return rapid.Custom(func(t *rapid.T) persistence.Key {
		return persistence.Key{
			Grain: rapid.SampledFrom([]string{"a", "b", "a\x00", "a/", "ab", "\u00e9"}).Draw(t, "grain"),
			Name:  rapid.SampledFrom([]string{"", "b", "\x00", "/b"}).Draw(t, "name"),
		}
	})
}
