package storetest

import (
	"context"
	"fmt"

	"github.com/teff-dev/teff/persistence"
)

// checkRevisions: a write succeeds on the record's present revision only; revisions
// of a key grow, and none is used twice, not even after a deletion.
func checkRevisions(ctx context.Context, h *harness) error {
	f := fence(1, 1)
	used := &revisionLog{}
	var r persistence.Revision
	for i := range 20 {
		next, err := h.put(ctx, shard(0), f, key("a"), fmt.Sprint(i), r)
		if err != nil {
			return fmt.Errorf("commit on the present revision: %w", err)
		}
		if err := used.add(next); err != nil {
			return err
		}
		for _, wrong := range []persistence.Revision{0, r, next + 1, 1<<64 - 1} {
			if wrong == next {
				continue
			}
			if err := h.conflicts(ctx, key("a"), wrong); err != nil {
				return fmt.Errorf("the record is at revision %d: %w", next, err)
			}
		}
		if err := h.holds(ctx, shard(0), key("a"), fmt.Append(nil, i), next); err != nil {
			return err
		}
		if r, err = h.remove(ctx, i, next); err != nil {
			return err
		}
		if r != 0 {
			continue
		}
		if err := h.conflicts(ctx, key("a"), next); err != nil {
			return fmt.Errorf("the record of revision %d was deleted: %w", next, err)
		}
	}
	return nil
}

// remove deletes the record at times, by turns in both ways, and returns its
// revision then.
func (h *harness) remove(ctx context.Context, turn int, at persistence.Revision) (persistence.Revision, error) {
	f := fence(1, 1)
	switch turn % 4 {
	case 1:
		_, err := h.store.Commit(ctx, shard(0), f, persistence.Write{Key: key("a"), Delete: true, Expect: at})
		return 0, err
	case 3:
		return 0, h.store.Delete(ctx, shard(0), f, "a")
	default:
		return at, nil
	}
}

// conflicts returns an error unless a set and a deletion on the wrong revision are
// refused.
func (h *harness) conflicts(ctx context.Context, k persistence.Key, wrong persistence.Revision) error {
	_, err := h.put(ctx, shard(0), fence(1, 1), k, "wrong", wrong)
	if err := wants(err, persistence.ErrConflict, "set expecting %d", wrong); err != nil {
		return err
	}
	_, err = h.store.Commit(ctx, shard(0), fence(1, 1), persistence.Write{Key: k, Delete: true, Expect: wrong})
	return wants(err, persistence.ErrConflict, "deletion expecting %d", wrong)
}

// A revisionLog knows the highest revision of a key.
type revisionLog struct {
	last persistence.Revision
}

func (l *revisionLog) add(r persistence.Revision) error {
	if r <= l.last {
		return fmt.Errorf("revision %d was given after %d", r, l.last)
	}
	l.last = r
	return nil
}

// checkAtomicity: a commit of which one write is refused does nothing at all,
// wherever that write stands.
func checkAtomicity(ctx context.Context, h *harness) error {
	f := fence(1, 1)
	keep, err := h.put(ctx, shard(0), f, key("keep"), "1", 0)
	if err != nil {
		return err
	}
	update, err := h.put(ctx, shard(0), f, key("update"), "1", 0)
	if err != nil {
		return err
	}
	good := []persistence.Write{
		{Key: key("new"), Value: []byte("2")},
		{Key: key("update"), Value: []byte("2"), Expect: update},
		{Key: key("keep"), Delete: true, Expect: keep},
	}
	bad := persistence.Write{Key: key("clash"), Value: []byte("2"), Expect: 1 << 60}
	for at := range len(good) + 1 {
		writes := append(append(append([]persistence.Write{}, good[:at]...), bad), good[at:]...)
		_, err := h.store.Commit(ctx, shard(0), f, writes...)
		if err := wants(err, persistence.ErrConflict, "commit whose write %d is refused", at); err != nil {
			return err
		}
		if err := h.lacks(ctx, shard(0), key("new")); err != nil {
			return fmt.Errorf("after a refused commit: %w", err)
		}
		if err := h.holds(ctx, shard(0), key("update"), []byte("1"), update); err != nil {
			return fmt.Errorf("after a refused commit: %w", err)
		}
		if err := h.holds(ctx, shard(0), key("keep"), []byte("1"), keep); err != nil {
			return fmt.Errorf("after a refused commit: %w", err)
		}
	}
	if _, err := h.store.Commit(ctx, shard(0), f, good...); err != nil {
		return fmt.Errorf("the same commit without the refused write: %w", err)
	}
	return h.lacks(ctx, shard(0), key("keep"))
}

// checkDelete: a grain's records go, all of them and no others; the fence stays.
func checkDelete(ctx context.Context, h *harness) error {
	f := fence(1, 7)
	if err := h.store.Delete(ctx, shard(0), f, "nobody"); err != nil {
		return fmt.Errorf("delete a grain that has no records: %w", err)
	}
	kept := map[persistence.Key]persistence.Revision{}
	for _, name := range []string{"", "a", "b", "\x00"} {
		if _, err := h.put(ctx, shard(0), f, persistence.Key{Grain: "g", Name: name}, "1", 0); err != nil {
			return err
		}
		for _, grain := range []string{"gg", "f", "g\x00", "g/"} {
			k := persistence.Key{Grain: grain, Name: name}
			r, err := h.put(ctx, shard(0), f, k, "1", 0)
			if err != nil {
				return err
			}
			kept[k] = r
		}
	}
	elsewhere, err := h.put(ctx, shard(1), f, key("g"), "1", 0)
	if err != nil {
		return err
	}
	if err := h.store.Delete(ctx, shard(0), f, "g"); err != nil {
		return err
	}
	for _, name := range []string{"", "a", "b", "\x00"} {
		if err := h.lacks(ctx, shard(0), persistence.Key{Grain: "g", Name: name}); err != nil {
			return fmt.Errorf("after deleting its grain: %w", err)
		}
	}
	for k, r := range kept {
		if err := h.holds(ctx, shard(0), k, []byte("1"), r); err != nil {
			return fmt.Errorf("after deleting another grain: %w", err)
		}
	}
	if err := h.holds(ctx, shard(1), key("g"), []byte("1"), elsewhere); err != nil {
		return fmt.Errorf("after deleting the grain of another shard: %w", err)
	}
	// Also when the shard's last record goes.
	for _, grain := range []string{"gg", "f", "g\x00", "g/"} {
		if err := h.store.Delete(ctx, shard(0), f, grain); err != nil {
			return err
		}
	}
	if err := h.refuses(ctx, shard(0), fence(1, 6)); err != nil {
		return fmt.Errorf("after deleting all records of the shard: %w", err)
	}
	return nil
}
