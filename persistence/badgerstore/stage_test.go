package badgerstore

import (
	"io/fs"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dgraph-io/badger/v4"

	"github.com/teff-dev/teff/persistence"
)

// stray counts bodies' chunks and marks.
func stray(t *testing.T, s *Store) (bodyChunks, marks int) {
	t.Helper()
	txn := s.db.NewTransaction(false)
	defer txn.Discard()
	return len(keysBelow(txn, []byte{spaceBody})), len(keysBelow(txn, []byte{spaceStaged}))
}

func wantStray(t *testing.T, s *Store, when string, bodyChunks, marks int) {
	t.Helper()
	if b, m := stray(t, s); b != bodyChunks || m != marks {
		t.Errorf("%s: %d chunks and %d marks, want %d and %d", when, b, m, bodyChunks, marks)
	}
}

// However a big record is replaced, nothing of it stays behind.
func TestBodiesGoWithTheirRows(t *testing.T) {
	s := openAt(t, t.TempDir(), hooks{})
	var revision persistence.Revision
	put := func(size int) {
		w := set("a", strings.Repeat("x", size))
		w.Expect = revision
		revision = mustCommit(t, s, w)[0]
	}
	for _, size := range []int{
		chunkSize, 3 * chunkSize, persistence.MaxRecord, chunkSize + 1, inlineMost, inlineMost + 1, 0, persistence.MaxRecord,
	} {
		put(size)
		want := chunks(size)
		if size <= inlineMost {
			want = 0
		}
		wantStray(t, s, "replaced", want, 0)
	}
	mustCommit(t, s, persistence.Write{Key: persistence.Key{Grain: "a"}, Delete: true, Expect: revision})
	wantStray(t, s, "deleted by a commit", 0, 0)
	revision = 0
	put(5 * chunkSize)
	if err := s.Delete(t.Context(), testShard, testFence, "a"); err != nil {
		t.Fatal(err)
	}
	wantStray(t, s, "deleted with the grain", 0, 0)
}

// A crash between staging and committing leaves nothing, and its revisions are not
// given again.
func TestWhatACrashLeftStagedIsSwept(t *testing.T) {
	dir := t.TempDir()
	s := openAt(t, dir, hooks{})
	kept := strings.Repeat("k", 3*chunkSize)
	mustCommit(t, s, set("kept", kept))
	before := mustCommit(t, s, set("last", "1"))[0]
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	stageOnly(t, dir, before)
	s = openAt(t, dir, hooks{})
	wantStray(t, s, "opened again", 3, 0)
	if r := mustCommit(t, s, set("next", "1"))[0]; r <= before+2 {
		t.Errorf("revision %d was given, and %d named a staged body", r, before+2)
	}
	r, err := s.Load(t.Context(), testShard, persistence.Key{Grain: "kept"})
	if err != nil || string(r.Value) != kept {
		t.Errorf("the other record: %d bytes, %v", len(r.Value), err)
	}
}

// stageOnly does the first half of a commit of two big records.
func stageOnly(t *testing.T, dir string, last persistence.Revision) {
	t.Helper()
	opts := Options{}.withDefaults()
	logger := &badgerLog{to: opts.Logger}
	db, err := badger.Open(badgerOptions(dir, logger))
	if err != nil {
		t.Fatal(err)
	}
	c, err := newCommitter(db, opts, hooks{}, newSpace(dir, opts, hooks{}), logger)
	if err != nil {
		t.Fatal(err)
	}
	if c.revision != uint64(last) {
		t.Errorf("the counter says %d, the last revision is %d", c.revision, last)
	}
	big := strings.Repeat("x", 4*chunkSize)
	op := newCommitOp(testShard, testFence, []persistence.Write{set("a", big), set("b", big)})
	b := c.begin()
	op.revisions[0], op.revisions[1] = b.nextRevision(), b.nextRevision()
	if err := op.stage(b); err != nil {
		t.Fatal(err)
	}
	b.discard()
	wantStray(t, &Store{db: db}, "staged", 3+8, 2)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

// A refused commit stages nothing.
func TestARefusedCommitStagesNothing(t *testing.T) {
	s := openAt(t, t.TempDir(), hooks{})
	mustCommit(t, s, set("a", "1"))
	_, err := s.Commit(t.Context(), testShard, testFence, set("b", strings.Repeat("x", 4*chunkSize)), set("a", "2"))
	if err == nil {
		t.Fatal("a conflict was not seen")
	}
	wantStray(t, s, "refused", 0, 0)
}

// Overwriting one big record again and again does not fill the disk.
func TestOverwritingDoesNotFillTheDisk(t *testing.T) {
	if testing.Short() {
		t.Skip("writes 160 MiB")
	}
	const size, times, most = 4 << 20, 40, 110 << 20
	dir := t.TempDir()
	s := openAt(t, dir, hooks{})
	value := make([]byte, size)
	luck := rand.NewChaCha8([32]byte{})
	var revision persistence.Revision
	for range times {
		_, _ = luck.Read(value) // so that it cannot be compressed
		revision = mustCommit(t, s, persistence.Write{Key: persistence.Key{Grain: "a"}, Value: value, Expect: revision})[0]
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	var used int64
	err := filepath.WalkDir(dir, func(_ string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err == nil && info.Mode().IsRegular() {
			used += info.Size()
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d MiB written, %d MiB used", size*times>>20, used>>20)
	if used > most {
		t.Errorf("%d MiB are used for one record of %d MiB", used>>20, size>>20)
	}
}
