package storetest

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/teff-dev/teff/persistence"
)

func compareListed(a, b persistence.ListedRecord) int {
	return cmp.Or(cmp.Compare(a.Shard.Partition, b.Shard.Partition), a.Key.Compare(b.Key))
}

// fill writes records to a few partitions and returns them in order.
func (h *harness) fill(ctx context.Context) ([]persistence.ListedRecord, error) {
	var all []persistence.ListedRecord
	// The numbers' orders as texts and as little-endian bytes are other ones.
	for _, p := range []uint32{256, 2, 10, 1<<32 - 1, 0} {
		for _, grain := range []string{"b", "a", "a\x00", "ab", "\u00ff", "A", "a!"} {
			for _, name := range []string{"", "x", "\x00"} {
				k := persistence.Key{Grain: grain, Name: name}
				value := fmt.Append(nil, p, grain, name)
				r, err := h.put(ctx, shard(p), fence(1, 1), k, string(value), 0)
				if err != nil {
					return nil, err
				}
				all = append(all, persistence.ListedRecord{
					Shard:  shard(p),
					Record: persistence.Record{Key: k, Value: value, Revision: r},
				})
			}
		}
	}
	slices.SortFunc(all, compareListed)
	return all, nil
}

// checkListOrder: pages of any size put together are all records, once, in order.
func checkListOrder(ctx context.Context, h *harness) error {
	want, err := h.fill(ctx)
	if err != nil {
		return err
	}
	for _, limit := range []int{0, 1, 2, 7, len(want) - 1, len(want), len(want) + 1, persistence.MaxPage + 1} {
		for _, keysOnly := range []bool{false, true} {
			query := persistence.Query{Type: testType, Limit: limit, KeysOnly: keysOnly}
			got, err := h.listAll(ctx, query)
			if err != nil {
				return err
			}
			if err := sameListing(got, want, keysOnly); err != nil {
				return fmt.Errorf("limit %d, keys only %t: %w", limit, keysOnly, err)
			}
		}
	}
	return nil
}

func sameListing(got, want []persistence.ListedRecord, keysOnly bool) error {
	for i := range min(len(got), len(want)) {
		g, w := got[i], want[i]
		if g.Shard != w.Shard || g.Key != w.Key || g.Revision != w.Revision {
			return fmt.Errorf("record %d is %s of %s at %d, want %s of %s at %d",
				i, g.Key, g.Shard, g.Revision, w.Key, w.Shard, w.Revision)
		}
		if keysOnly && len(g.Value) != 0 {
			return fmt.Errorf("record %d has a value and only keys were asked for", i)
		}
		if !keysOnly && !bytes.Equal(g.Value, w.Value) {
			return fmt.Errorf("record %d is %s, want %s", i, show(g.Value), show(w.Value))
		}
	}
	if len(got) != len(want) {
		return fmt.Errorf("%d records, want %d", len(got), len(want))
	}
	return nil
}

// checkListScope: a listing stays in its type and its partition, and nothing is
// listed where nothing is.
func checkListScope(ctx context.Context, h *harness) error {
	want, err := h.fill(ctx)
	if err != nil {
		return err
	}
	for _, other := range []string{testType + "2", testType[:len(testType)-1], testType + "\x00"} {
		if _, err := h.put(ctx, persistence.Shard{Type: other, Partition: 2}, fence(1, 1), key("a"), "1", 0); err != nil {
			return err
		}
	}
	for _, p := range []uint32{0, 1, 2, 3, 10, 255, 256, 257, 1<<32 - 1} {
		got, err := h.listAll(ctx, persistence.Query{Type: testType, Partition: &p, Limit: 4})
		if err != nil {
			return err
		}
		in := slices.DeleteFunc(slices.Clone(want), func(r persistence.ListedRecord) bool { return r.Shard.Partition != p })
		if err := sameListing(got, in, false); err != nil {
			return fmt.Errorf("partition %d: %w", p, err)
		}
	}
	got, err := h.listAll(ctx, persistence.Query{Type: testType})
	if err != nil {
		return err
	}
	if err := sameListing(got, want, false); err != nil {
		return fmt.Errorf("all partitions: %w", err)
	}
	got, err = h.listAll(ctx, persistence.Query{Type: "storetest.v1.Nothing"})
	if err != nil {
		return fmt.Errorf("list a type without records: %w", err)
	}
	if len(got) != 0 {
		return fmt.Errorf("a type without records lists %d", len(got))
	}
	return nil
}

// checkListChurn: while records come and go between and during the pages, those that
// stay are listed exactly once, and no record twice. The record that a page ended
// with may go, too.
func checkListChurn(ctx context.Context, h *harness) error {
	const stay = 60
	f := fence(1, 1)
	staying := map[persistence.Key]persistence.Revision{}
	for i := range stay {
		k := key(fmt.Sprintf("%03d", i*2))
		r, err := h.put(ctx, shard(uint32(i%3)), f, k, "stays", 0)
		if err != nil {
			return err
		}
		staying[k] = r
	}
	var stop atomic.Bool
	var wg sync.WaitGroup
	churnErr := make(chan error, 1)
	wg.Go(func() { churnErr <- h.churn(ctx, &stop) })
	var err error
	for _, limit := range []int{1, 2, 7, 7, 7, 50} {
		if err = h.listChurned(ctx, limit, staying); err != nil {
			break
		}
	}
	stop.Store(true)
	wg.Wait()
	if err != nil {
		return err
	}
	return <-churnErr
}

// churn writes and removes records between the staying ones.
func (h *harness) churn(ctx context.Context, stop *atomic.Bool) error {
	for i := 0; !stop.Load(); i++ {
		s, name := shard(uint32(i%3)), fmt.Sprintf("%03d", i*2%120+1)
		if _, err := h.put(ctx, s, fence(1, 1), key(name), "churns", 0); err != nil {
			return fmt.Errorf("churn: %w", err)
		}
		if err := h.store.Delete(ctx, s, fence(1, 1), name); err != nil {
			return fmt.Errorf("churn: %w", err)
		}
	}
	return nil
}

// listChurned lists once, and replaces each page's end by another record before it
// asks for the next page.
func (h *harness) listChurned(ctx context.Context, limit int, staying map[persistence.Key]persistence.Revision) error {
	type place struct {
		shard persistence.Shard
		key   persistence.Key
	}
	seen := map[place]bool{}
	var last persistence.ListedRecord
	visit := func(page persistence.Page) error {
		for _, r := range page.Records {
			if seen[place{r.Shard, r.Key}] {
				return fmt.Errorf("%s of %s was listed twice", r.Key, r.Shard)
			}
			if last.Key.Grain != "" && compareListed(last, r) >= 0 {
				return fmt.Errorf("%s of %s was listed after %s of %s", r.Key, r.Shard, last.Key, last.Shard)
			}
			seen[place{r.Shard, r.Key}], last = true, r
			if string(r.Value) != "stays" {
				continue
			}
			if staying[r.Key] != r.Revision {
				return fmt.Errorf("%s was listed at revision %d, want %d", r.Key, r.Revision, staying[r.Key])
			}
		}
		return h.replaceEnd(ctx, page, staying)
	}
	if err := h.eachPage(ctx, persistence.Query{Type: testType, Limit: limit}, visit); err != nil {
		return err
	}
	for k := range staying {
		found := 0
		for p := range uint32(3) {
			if seen[place{shard(p), k}] {
				found++
			}
		}
		if found != 1 {
			return fmt.Errorf("limit %d: %s stayed and was listed %d times", limit, k, found)
		}
	}
	return nil
}

// replaceEnd deletes the record that a page ended with, asks for the next page, and
// writes it anew. It also leaves a record in front of all: a cursor is a place in the
// order, not a record nor a count.
func (h *harness) replaceEnd(ctx context.Context, page persistence.Page, staying map[persistence.Key]persistence.Revision) error {
	if len(page.Records) == 0 {
		return nil
	}
	end := page.Records[len(page.Records)-1]
	if _, ok := staying[end.Key]; !ok {
		return nil
	}
	f := fence(1, 1)
	front := "\x00" + end.Key.Grain
	for _, grain := range []string{front, end.Key.Grain} {
		if err := h.store.Delete(ctx, end.Shard, f, grain); err != nil {
			return err
		}
	}
	if _, err := h.put(ctx, end.Shard, f, key(front), "in front", 0); err != nil {
		return err
	}
	if page.Next != "" {
		next, err := h.store.List(ctx, persistence.Query{Type: testType, After: page.Next, Limit: 1})
		if err != nil {
			return fmt.Errorf("list after a record that went: %w", err)
		}
		if len(next.Records) == 1 && compareListed(next.Records[0], end) <= 0 {
			return fmt.Errorf("the page behind %s begins with %s", end.Key, next.Records[0].Key)
		}
	}
	r, err := h.put(ctx, end.Shard, f, end.Key, "stays", 0)
	staying[end.Key] = r
	return err
}
