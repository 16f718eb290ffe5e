package natsstore

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/teff-dev/teff/persistence"
	"github.com/teff-dev/teff/persistence/internal/rowkey"
)

const (
	// listAhead is how many partitions' subjects are asked for at once.
	listAhead = 16

	// listChunk is how many records are read in one request.
	listChunk = 128

	// pageBytes is where a page ends early. A value may be a megabyte or more.
	pageBytes = 8 << 20
)

func (s *Store) list(ctx context.Context, query persistence.Query) (persistence.Page, error) {
	if err := s.enter(ctx); err != nil {
		return persistence.Page{}, err
	}
	defer s.gate.leave()
	if err := query.Check(); err != nil {
		return persistence.Page{}, err
	}
	l := &lister{s: s, query: query}
	if query.After != "" {
		var err error
		if l.first, l.after, err = rowkey.ParseCursor(query.After); err != nil {
			return persistence.Page{}, err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	partitions, err := l.partitions(ctx)
	if err != nil {
		return persistence.Page{}, err
	}
	for part := range slices.Chunk(partitions, listAhead) {
		full, err := l.fillAll(ctx, part)
		if err != nil {
			return persistence.Page{}, err
		}
		if full {
			return l.page, nil
		}
	}
	l.page.Next = ""
	return l.page, nil
}

// A lister makes one page.
type lister struct {
	s     *Store
	query persistence.Query
	first uint32          // the partition to begin in
	after persistence.Key // and the key to begin behind
	page  persistence.Page
	bytes int
}

// partitions returns those that the query asks for and somebody wrote to, in order.
func (l *lister) partitions(ctx context.Context) ([]uint32, error) {
	if p := l.query.Partition; p != nil {
		if *p < l.first {
			return nil, nil
		}
		return []uint32{*p}, nil
	}
	prefix := l.s.layout.fences(l.query.Type)
	subjects, err := l.s.subjects(ctx, prefix+"*")
	if err != nil {
		return nil, err
	}
	var found []uint32
	for _, subject := range subjects {
		n, err := strconv.ParseUint(strings.TrimPrefix(subject, prefix), 10, 32)
		if err != nil {
			return nil, fmt.Errorf("%w: a subject %.100q, which no store writes", persistence.ErrCorrupt, subject)
		}
		if uint32(n) >= l.first {
			found = append(found, uint32(n))
		}
	}
	slices.Sort(found)
	return found, nil
}

// fillAll adds some partitions' records, and says whether the page is full.
func (l *lister) fillAll(ctx context.Context, partitions []uint32) (full bool, _ error) {
	keys := make([][]persistence.Key, len(partitions))
	errs := make([]error, len(partitions))
	var wg sync.WaitGroup
	for i, p := range partitions {
		wg.Go(func() { keys[i], errs[i] = l.keys(ctx, p) })
	}
	wg.Wait()
	for i, p := range partitions {
		if errs[i] != nil {
			return false, errs[i]
		}
		if full, err := l.fill(ctx, p, keys[i]); full || err != nil {
			return full, err
		}
	}
	return false, nil
}

// keys returns a partition's keys in order, from where the page begins. Some may be
// those of markers.
func (l *lister) keys(ctx context.Context, partition uint32) ([]persistence.Key, error) {
	prefix := l.s.layout.records(persistence.Shard{Type: l.query.Type, Partition: partition})
	subjects, err := l.s.subjects(ctx, prefix+">")
	if err != nil {
		return nil, err
	}
	keys := make([]persistence.Key, 0, len(subjects))
	for _, subject := range subjects {
		key, err := parseKey(strings.TrimPrefix(subject, prefix))
		if err != nil {
			return nil, err
		}
		if partition == l.first && key.Compare(l.after) <= 0 {
			continue
		}
		keys = append(keys, key)
	}
	// Escaped texts sort otherwise.
	slices.SortFunc(keys, persistence.Key.Compare)
	return keys, nil
}

// fill adds a partition's records, and says whether the page is full. Then its Next is
// the last key that was looked at.
func (l *lister) fill(ctx context.Context, partition uint32, keys []persistence.Key) (full bool, _ error) {
	shard := persistence.Shard{Type: l.query.Type, Partition: partition}
	for len(keys) > 0 {
		if len(l.page.Records) >= l.query.PageSize() || l.bytes >= pageBytes {
			return true, nil
		}
		chunk := keys[:min(len(keys), listChunk, l.query.PageSize()-len(l.page.Records))]
		keys = keys[len(chunk):]
		places := make([]place, len(chunk))
		for i, key := range chunk {
			places[i] = place{shard, l.s.layout.record(shard, key)}
		}
		// What the leader listed the replica must have, too.
		seen, err := l.s.read(ctx, places, nil, l.s.guards.highest())
		if err != nil {
			return false, err
		}
		for i, key := range chunk {
			if r, ok := seen.records[places[i].subject]; ok && !r.gone {
				l.add(shard, key, r)
			}
		}
		l.page.Next = rowkey.Cursor(partition, chunk[len(chunk)-1])
	}
	return false, nil
}

func (l *lister) add(shard persistence.Shard, key persistence.Key, r row) {
	listed := persistence.ListedRecord{
		Shard:  shard,
		Record: persistence.Record{Key: key, Value: r.value, Revision: persistence.Revision(r.seq)},
	}
	l.bytes += len(r.value)
	if l.query.KeysOnly {
		listed.Value = nil
	}
	l.page.Records = append(l.page.Records, listed)
}
