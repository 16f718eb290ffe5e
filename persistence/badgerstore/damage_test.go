package badgerstore

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dgraph-io/badger/v4"

	"github.com/teff-dev/teff/persistence"
)

// damage flips a bit behind each place where the mark is, in the files that match.
func damage(t *testing.T, pattern, mark string) {
	t.Helper()
	names, err := filepath.Glob(pattern)
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, name := range names {
		content, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for at := 0; ; {
			i := bytes.Index(content[at:], []byte(mark))
			if i < 0 {
				break
			}
			at += i + len(mark)
			content[at] ^= 1
			found++
		}
		if err := os.WriteFile(name, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if found == 0 {
		t.Fatalf("%q is in none of %v", mark, names)
	}
}

// spoil changes the database behind the store's back.
func spoil(t *testing.T, s *Store, change func(txn *badger.Txn) error) {
	t.Helper()
	if err := s.db.Update(change); err != nil {
		t.Fatal(err)
	}
}

func TestADamagedBodyIsCorrupt(t *testing.T) {
	s := openAt(t, t.TempDir(), hooks{})
	mustCommit(t, s, set("good", strings.Repeat("y", chunkSize+1)))
	revision := mustCommit(t, s, set("bad", strings.Repeat("x", chunkSize+1)))[0]
	damages := map[string]func(txn *badger.Txn) error{
		"longer":  func(txn *badger.Txn) error { return txn.Set(chunkKey(revision, 1), []byte("xx")) },
		"other":   func(txn *badger.Txn) error { return txn.Set(chunkKey(revision, 1), []byte("X")) },
		"missing": func(txn *badger.Txn) error { return txn.Delete(chunkKey(revision, 1)) },
	}
	for what, change := range damages {
		spoil(t, s, change)
		_, err := s.Load(t.Context(), testShard, persistence.Key{Grain: "bad"})
		if !errors.Is(err, persistence.ErrCorrupt) {
			t.Errorf("load, %s: got %v, want ErrCorrupt", what, err)
		}
		query := persistence.Query{Type: testShard.Type}
		if _, err := s.List(t.Context(), query); !errors.Is(err, persistence.ErrCorrupt) {
			t.Errorf("list, %s: got %v, want ErrCorrupt", what, err)
		}
		query.KeysOnly = true
		if page, err := s.List(t.Context(), query); err != nil || len(page.Records) != 2 {
			t.Errorf("list of keys, %s: %d records, %v; want 2", what, len(page.Records), err)
		}
	}
	if _, err := s.Load(t.Context(), testShard, persistence.Key{Grain: "good"}); err != nil {
		t.Errorf("its neighbour: %v", err)
	}
	if err := s.Delete(t.Context(), testShard, testFence, "bad"); err != nil {
		t.Errorf("delete: %v", err)
	}
}

func TestADamagedTableIsRefusedAtOpening(t *testing.T) {
	dir := t.TempDir()
	s := openAt(t, dir, hooks{})
	mustCommit(t, s, set("a", "MARK0123456789"))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	damage(t, filepath.Join(dir, "*.sst"), "MARK")
	if err := refuses(t, dir); !errors.Is(err, persistence.ErrCorrupt) {
		t.Errorf("got %v, want ErrCorrupt", err)
	}
}

// A row that does not match its checksum is not handed out, however it came about.
func TestADamagedRowIsCorrupt(t *testing.T) {
	dir := t.TempDir()
	s := openAt(t, dir, hooks{})
	mustCommit(t, s, set("a", "good"))
	k := persistence.Key{Grain: "a"}
	for name, encoded := range map[string][]byte{"empty": {}, "short": {1, 2, 3}, "garbage": bytes.Repeat([]byte{7}, 40)} {
		spoil(t, s, func(txn *badger.Txn) error { return txn.Set(rowKey(testShard, k), encoded) })
		if err := s.Close(); err != nil { // and so forget
			t.Fatal(err)
		}
		s = openAt(t, dir, hooks{})
		if _, err := s.Load(t.Context(), testShard, k); !errors.Is(err, persistence.ErrCorrupt) {
			t.Errorf("load of a row that is %s: got %v, want ErrCorrupt", name, err)
		}
		if _, err := s.Commit(t.Context(), testShard, testFence, set("a", "new")); !errors.Is(err, persistence.ErrCorrupt) {
			t.Errorf("commit on a row that is %s: got %v, want ErrCorrupt", name, err)
		}
	}
	if err := s.Delete(t.Context(), testShard, testFence, "a"); err != nil {
		t.Errorf("delete: %v", err)
	}
	mustCommit(t, s, set("a", "new"))
}

func FuzzDecodeRow(f *testing.F) {
	small, _ := newRow([]byte("value"))
	stamp(small, 7)
	large, _ := newRow(make([]byte, inlineMost+1))
	stamp(large, 8)
	f.Add(small)
	f.Add(large)
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := decodeRow(b)
		if err != nil {
			if !errors.Is(err, persistence.ErrCorrupt) {
				t.Fatalf("got %v, want ErrCorrupt", err)
			}
			return
		}
		if r.bodyLen != 0 {
			return
		}
		again, _ := newRow(r.value)
		stamp(again, r.revision)
		if !bytes.Equal(again, b) {
			t.Fatalf("%x came back as %x", b, again)
		}
	})
}
