package storetest

import (
	"context"
	"errors"
	"strings"

	"github.com/teff-dev/teff/persistence"
)

func keyMutants() []mutant {
	return []mutant{
		{"names are joined with a slash", joined("/"), []string{"HostileKeys"}},
		{"names are joined with a colon", joined(":"), []string{"HostileKeys"}},
		{"names are joined with a NUL", joined("\x00"), []string{"HostileKeys"}},
		{"names are trimmed", renamed(strings.TrimSpace), []string{"HostileKeys"}},
		{"names end at a NUL", renamed(untilNUL), []string{"HostileKeys"}},
		{"names are in lower case", renamed(strings.ToLower), []string{"HostileKeys"}},
		{"names are repaired", renamed(repaired), []string{"Invalid"}},
		{"partitions are one", onePartition, []string{"Basics", "Model"}},
	}
}

func deleteMutants() []mutant {
	return []mutant{
		{"deletion removes the main state only", deleteMain, []string{"Delete", "HostileKeys"}},
		{"deletion removes all grains with the prefix", deletePrefix, []string{"Delete", "HostileKeys"}},
		{"deletion of nothing is an error", deleteStrict, []string{"Delete"}},
	}
}

func untilNUL(name string) string {
	before, _, _ := strings.Cut(name, "\x00")
	if before == "" {
		return name
	}
	return before
}

func repaired(name string) string { return strings.ToValidUTF8(name, "\ufffd") }

// renamed stores grains under other names. Its lists are wrong too, but the suite
// must notice before.
func renamed(name func(string) string) func(*disk) persistence.Store {
	return rekeyed(func(k persistence.Key) persistence.Key {
		if n := name(k.Grain); n != "" {
			k.Grain = n
		}
		return k
	})
}

func joined(separator string) func(*disk) persistence.Store {
	return rekeyed(func(k persistence.Key) persistence.Key {
		if k.Name == "" || len(k.Grain)+len(k.Name) > persistence.MaxName/2 {
			return k
		}
		return persistence.Key{Grain: k.Grain + separator + k.Name}
	})
}

func rekeyed(as func(persistence.Key) persistence.Key) func(*disk) persistence.Store {
	return func(d *disk) persistence.Store {
		s := d.open()
		commit, load := s.commit, s.load
		s.commit = func(ctx context.Context, id persistence.Shard, f persistence.Fence, writes ...persistence.Write) ([]persistence.Revision, error) {
			other := append([]persistence.Write{}, writes...)
			for i := range other {
				other[i].Key = as(other[i].Key)
			}
			return commit(ctx, id, f, other...)
		}
		s.load = func(ctx context.Context, id persistence.Shard, k persistence.Key) (persistence.Record, error) {
			r, err := load(ctx, id, as(k))
			r.Key = k
			return r, err
		}
		return s
	}
}

func onePartition(d *disk) persistence.Store {
	s := d.open()
	commit, load := s.commit, s.load
	s.commit = func(ctx context.Context, id persistence.Shard, f persistence.Fence, writes ...persistence.Write) ([]persistence.Revision, error) {
		return commit(ctx, persistence.Shard{Type: id.Type}, f, writes...)
	}
	s.load = func(ctx context.Context, id persistence.Shard, k persistence.Key) (persistence.Record, error) {
		return load(ctx, persistence.Shard{Type: id.Type}, k)
	}
	return s
}

// deleteEach deletes the records of a shard that match, one by one.
func deleteEach(ctx context.Context, s *openStore, id persistence.Shard, f persistence.Fence, match func(persistence.Key) bool) error {
	page, err := s.list(ctx, persistence.Query{Type: id.Type, Partition: &id.Partition, Limit: persistence.MaxPage})
	for _, r := range page.Records {
		if err == nil && match(r.Key) {
			_, err = s.commit(ctx, id, f, persistence.Write{Key: r.Key, Delete: true, Expect: r.Revision})
		}
	}
	return err
}

func deleteMain(d *disk) persistence.Store {
	s := d.open()
	s.delete = func(ctx context.Context, id persistence.Shard, f persistence.Fence, grain string) error {
		return deleteEach(ctx, s, id, f, func(k persistence.Key) bool { return k == key(grain) })
	}
	return s
}

func deletePrefix(d *disk) persistence.Store {
	s := d.open()
	s.delete = func(ctx context.Context, id persistence.Shard, f persistence.Fence, grain string) error {
		return deleteEach(ctx, s, id, f, func(k persistence.Key) bool { return strings.HasPrefix(k.Grain, grain) })
	}
	return s
}

func deleteStrict(d *disk) persistence.Store {
	s := d.open()
	remove := s.delete
	s.delete = func(ctx context.Context, id persistence.Shard, f persistence.Fence, grain string) error {
		if _, err := s.load(ctx, id, key(grain)); errors.Is(err, persistence.ErrNotFound) {
			return err
		}
		return remove(ctx, id, f, grain)
	}
	return s
}
