package memstore

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/teff-dev/teff/persistence"
	"github.com/teff-dev/teff/persistence/internal/rowkey"
)

// List returns one page of records.
func (s *Store) List(ctx context.Context, query persistence.Query) (persistence.Page, error) {
	// For writing, because a shard may sort its keys.
	s.mu.Lock()
	defer s.mu.Unlock()
	page, err := s.list(ctx, query)
	if err != nil {
		return persistence.Page{}, fmt.Errorf("list %s: %w", query.Type, err)
	}
	return page, nil
}

func (s *Store) list(ctx context.Context, query persistence.Query) (persistence.Page, error) {
	if err := s.usable(ctx); err != nil {
		return persistence.Page{}, err
	}
	if err := query.Check(); err != nil {
		return persistence.Page{}, err
	}
	var first uint32
	var after persistence.Key
	if query.After != "" {
		var err error
		if first, after, err = rowkey.ParseCursor(query.After); err != nil {
			return persistence.Page{}, err
		}
	}
	var page persistence.Page
	for _, partition := range s.partitions(query, first) {
		if partition != first {
			after = persistence.Key{}
		}
		if full := s.fill(&page, query, partition, after); full {
			last := page.Records[len(page.Records)-1]
			page.Next = rowkey.Cursor(last.Shard.Partition, last.Key)
			break
		}
	}
	return page, nil
}

// partitions returns those that the query asks for, in order, from first on.
func (s *Store) partitions(query persistence.Query, first uint32) []uint32 {
	var found []uint32
	for partition := range maps.Keys(s.types[query.Type]) {
		if partition >= first && (query.Partition == nil || *query.Partition == partition) {
			found = append(found, partition)
		}
	}
	slices.Sort(found)
	return found
}

// fill adds a partition's records behind after, and says whether there are more
// than the page takes.
func (s *Store) fill(page *persistence.Page, query persistence.Query, partition uint32, after persistence.Key) (full bool) {
	id := persistence.Shard{Type: query.Type, Partition: partition}
	sh := s.find(id)
	keys := sh.sorted()
	// No key is equal to the zero key: its grain is empty.
	at, found := slices.BinarySearchFunc(keys, after, persistence.Key.Compare)
	if found {
		at++
	}
	for _, key := range keys[at:] {
		if len(page.Records) == query.PageSize() {
			return true
		}
		r := sh.records[key]
		listed := persistence.ListedRecord{Shard: id, Record: persistence.Record{Key: key, Value: r.value, Revision: r.revision}}
		if query.KeysOnly {
			listed.Value = nil
		}
		page.Records = append(page.Records, listed)
	}
	return false
}

func (sh *shard) sorted() []persistence.Key {
	if sh.keys == nil {
		sh.keys = slices.SortedFunc(maps.Keys(sh.records), persistence.Key.Compare)
	}
	return sh.keys
}
