package persistence

import (
	"context"
	"strconv"
	"strings"
)

// A Store keeps the records of grains. All methods are safe for concurrent use.
//
// A call whose context has ended already does nothing and returns the context's
// error, wrapped. A context that ends while Commit, Delete, Claim or NextGeneration
// is under way makes the outcome unknown ([ErrUnknownOutcome]) unless the store
// knows better: then it returns the context's error, and nothing was or will be
// written.
//
// A call that is refused changes nothing at all, the shard's fence included.
type Store interface {
	// NextGeneration durably and atomically increments the store's generation and
	// returns the new one; the first is 1. It is never lowered.
	NextGeneration(ctx context.Context) (uint64, error)

	// Claim raises the fence of each shard to at least fence, durably, before it
	// returns. A shard whose fence is already higher makes it fail with ErrFenced;
	// shards named before it may then have been claimed. Claiming twice with one
	// fence is harmless, and so is claiming no shards. Claim never lowers a fence. A
	// shard that was never claimed has the zero fence.
	Claim(ctx context.Context, fence Fence, shards ...Shard) error

	// Load returns the record, or ErrNotFound when there is none. It needs no fence:
	// what protects a reader is that it claimed the shard first.
	Load(ctx context.Context, shard Shard, key Key) (Record, error)

	// Commit applies all writes or none, durably, before it returns. The revisions
	// are those of the writes, in their order; a deletion's is zero.
	//
	// It fails with ErrFenced while the shard's fence is higher than fence, and,
	// when it is not, with ErrConflict if a write's Expect is not the record's
	// present revision. A commit with a fence higher than the shard's raises it, as
	// Claim does. Two writes of one key in one commit, no writes at all, names that
	// are no names (ErrInvalid), too many writes or too many bytes (ErrTooLarge) are
	// refused before anything is looked at; see CheckCommit. The store copies the
	// values it keeps: the caller may reuse them once Commit returned.
	Commit(ctx context.Context, shard Shard, fence Fence, writes ...Write) ([]Revision, error)

	// Delete removes all records of one grain, atomically, on the fence, whatever
	// their revisions. It keeps the shard's fence, or raises it as Commit does.
	// Deleting nothing is no error. A grain of more records than the store removes
	// at once (never less than MaxWrites) is ErrTooLarge: delete some by Commit first.
	Delete(ctx context.Context, shard Shard, fence Fence, grain string) error

	// List returns one page of records, ordered by shard, then by key. It is stable
	// under churn: a record that exists during the whole listing is seen exactly once;
	// one that comes or goes meanwhile is seen at most once. Keys are ordered by
	// Grain, then by Name, bytewise. A page may hold fewer records than the limit
	// and not be the last: only its Next tells. An After that is no Next is
	// ErrInvalid.
	List(ctx context.Context, query Query) (Page, error)

	// Close releases the store. Calls under way end first; later ones get ErrClosed.
	// Closing twice is safe.
	Close() error
}

// A Key names a record within its shard. Both parts are any valid UTF-8 up to
// 512 bytes; Grain is not empty, and Name may be.
type Key struct {
	Grain string // the grain's key, as its callers write it
	Name  string // the name of the state; "" is a grain's main state
}

// String returns the key quoted, for logs and errors: "grain" or "grain"/"name".
func (k Key) String() string {
	if k.Name == "" {
		return strconv.Quote(k.Grain)
	}
	return strconv.Quote(k.Grain) + "/" + strconv.Quote(k.Name)
}

// Compare is negative when k is listed before l, zero when they are equal, positive
// when k is listed after l.
func (k Key) Compare(l Key) int {
	if c := strings.Compare(k.Grain, l.Grain); c != 0 {
		return c
	}
	return strings.Compare(k.Name, l.Name)
}

// A Revision is opaque; a later write of a key has a higher one, and none is used
// twice, not even after a deletion. Zero means that there is no record.
type Revision uint64

// A Record is what Load found. The store never changes or reuses Value, and the
// caller does not change it.
type Record struct {
	Key      Key
	Value    []byte
	Revision Revision
}

// A Write sets or deletes one record.
type Write struct {
	Key    Key
	Value  []byte   // ignored when Delete is set; may be empty
	Delete bool     // remove the record
	Expect Revision // the revision that was read; zero: there must be no record
}

// A Query selects what List returns.
type Query struct {
	Type      string  // a grain type; required
	Partition *uint32 // only this partition; nil: all of the type's
	After     string  // the Next of the page before; "" for the first
	Limit     int     // most records in a page; 0 means DefaultPage, over MaxPage means MaxPage
	KeysOnly  bool    // leave out the values
}

// A Page is a part of a listing. Next is "" on the last one.
type Page struct {
	Records []ListedRecord
	Next    string
}

// A ListedRecord is a record and where it is.
type ListedRecord struct {
	Shard Shard
	Record
}
