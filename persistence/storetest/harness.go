package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/teff-dev/teff/persistence"
)

// A check looks at one clause of the contract. Its error is the finding.
type check struct {
	name    string
	durable bool // for durable stores only
	run     func(ctx context.Context, h *harness) error
}

func checks() []check {
	return []check{
		{name: "Basics", run: checkBasics},
		{name: "Values", run: checkValues},
		{name: "ValuesAreCopied", run: checkValuesAreCopied},
		{name: "TooLarge", run: checkTooLarge},
		{name: "Invalid", run: checkInvalid},
		{name: "HostileKeys", run: checkHostileKeys},
		{name: "FenceOrder", run: checkFenceOrder},
		{name: "FenceScope", run: checkFenceScope},
		{name: "FenceRefusal", run: checkFenceRefusal},
		{name: "FenceRace", run: checkFenceRace},
		{name: "Revisions", run: checkRevisions},
		{name: "Atomicity", run: checkAtomicity},
		{name: "Delete", run: checkDelete},
		{name: "ListOrder", run: checkListOrder},
		{name: "ListScope", run: checkListScope},
		{name: "ListChurn", run: checkListChurn},
		{name: "Increments", run: checkIncrements},
		{name: "Transfers", run: checkTransfers},
		{name: "Generations", run: checkGenerations},
		{name: "EndedContexts", run: checkEndedContexts},
		{name: "EndingContexts", run: checkEndingContexts},
		{name: "Close", run: checkClose},
		{name: "Model", run: checkModel},
		{name: "Reopen", durable: true, run: checkReopen},
		{name: "ReopenRevisions", durable: true, run: checkReopenRevisions},
	}
}

// A harness is what a check works with: one store and the way to open it again.
type harness struct {
	traits Traits
	open   func() (persistence.Store, error)
	store  persistence.Store
}

func newHarness(traits Traits, open func() (persistence.Store, error)) *harness {
	return &harness{traits: traits, open: open}
}

// run opens the store, runs the check and closes the store.
func (h *harness) run(ctx context.Context, c check) error {
	store, err := h.open()
	if err != nil {
		return fmt.Errorf("open: %w", err)
	}
	h.store = store
	err = c.run(ctx, h)
	if closeErr := h.store.Close(); closeErr != nil {
		err = errors.Join(err, fmt.Errorf("close: %w", closeErr))
	}
	return err
}

// reopen closes the store and opens it again.
func (h *harness) reopen() error {
	if err := h.store.Close(); err != nil {
		return fmt.Errorf("close: %w", err)
	}
	store, err := h.open()
	if err != nil {
		return fmt.Errorf("open again: %w", err)
	}
	h.store = store
	return nil
}

// put commits one value and returns its revision.
func (h *harness) put(ctx context.Context, shard persistence.Shard, fence persistence.Fence, key persistence.Key, value string, expect persistence.Revision) (persistence.Revision, error) {
	revisions, err := h.store.Commit(ctx, shard, fence, persistence.Write{Key: key, Value: []byte(value), Expect: expect})
	if err != nil {
		return 0, err
	}
	if len(revisions) != 1 {
		return 0, fmt.Errorf("one write gave %d revisions", len(revisions))
	}
	return revisions[0], nil
}

// holds says how the record at key differs from what it should be.
func (h *harness) holds(ctx context.Context, shard persistence.Shard, key persistence.Key, value []byte, revision persistence.Revision) error {
	r, err := h.store.Load(ctx, shard, key)
	switch {
	case err != nil:
		return fmt.Errorf("load %.60s of %.60s: %w", key, shard, err)
	case r.Key != key:
		return fmt.Errorf("load %.60s gave the record %.60s", key, r.Key)
	case !bytes.Equal(r.Value, value):
		return fmt.Errorf("load %.60s gave %s, want %s", key, show(r.Value), show(value))
	case r.Revision != revision:
		return fmt.Errorf("load %.60s gave revision %d, want %d", key, r.Revision, revision)
	}
	return nil
}

// lacks returns an error unless there is no such record.
func (h *harness) lacks(ctx context.Context, shard persistence.Shard, key persistence.Key) error {
	_, err := h.store.Load(ctx, shard, key)
	return wants(err, persistence.ErrNotFound, "load %.60s of %.60s", key, shard)
}

// wants returns an error unless err is the sentinel.
func wants(err, sentinel error, format string, args ...any) error {
	if errors.Is(err, sentinel) {
		return nil
	}
	return fmt.Errorf("%s: got error %v, want %q", fmt.Sprintf(format, args...), err, sentinel) //nolint:errorlint // err may be nil, and is only told
}

func show(value []byte) string {
	const most = 32
	if len(value) <= most {
		return fmt.Sprintf("%q", value)
	}
	return fmt.Sprintf("%d bytes beginning with %q", len(value), value[:most])
}

// listAll pages through a query.
func (h *harness) listAll(ctx context.Context, query persistence.Query) ([]persistence.ListedRecord, error) {
	var all []persistence.ListedRecord
	err := h.eachPage(ctx, query, func(page persistence.Page) error {
		all = append(all, page.Records...)
		return nil
	})
	return all, err
}

// eachPage calls visit with each page. An empty page that is not the last must not
// repeat without end.
func (h *harness) eachPage(ctx context.Context, query persistence.Query, visit func(persistence.Page) error) error {
	for {
		page, err := h.store.List(ctx, query)
		if err != nil {
			return fmt.Errorf("list: %w", err)
		}
		if len(page.Records) > query.PageSize() {
			return fmt.Errorf("a page of %d records, at most %d were asked for", len(page.Records), query.PageSize())
		}
		if err := visit(page); err != nil {
			return err
		}
		if page.Next == "" {
			return nil
		}
		if page.Next == query.After {
			return fmt.Errorf("the listing stands still at %q", page.Next)
		}
		query.After = page.Next
	}
}

// Names that checks use.
const testType = "storetest.v1.Thing"

func shard(partition uint32) persistence.Shard {
	return persistence.Shard{Type: testType, Partition: partition}
}

func key(grain string) persistence.Key { return persistence.Key{Grain: grain} }

func fence(generation, since uint64) persistence.Fence {
	return persistence.Fence{Generation: generation, Since: since}
}
