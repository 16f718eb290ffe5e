package persistence

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// What any store takes. A store may have lower limits for values and says so in
// the ErrTooLarge it answers; the limits for names and counts hold everywhere.
const (
	// MaxRecord is the most bytes in the values of one commit together, and so in
	// one record's value.
	MaxRecord = 16 << 20

	// MaxWrites is the most writes in one commit.
	MaxWrites = 256

	// MaxName is the most bytes in a grain type, in a grain's key and in a state's
	// name, each.
	MaxName = 512

	// DefaultPage and MaxPage are how many records a page holds when a query does
	// not say, and at most.
	DefaultPage = 256
	MaxPage     = 4096
)

// Check returns ErrInvalid for a shard that no store takes: its Type must be 1 to
// MaxName bytes of UTF-8.
func (s Shard) Check() error {
	if s.Type == "" {
		return fmt.Errorf("%w: the shard has no grain type", ErrInvalid)
	}
	return checkName("grain type", s.Type)
}

// Check returns ErrInvalid for a key that no store takes: Grain must be 1 to
// MaxName bytes of UTF-8, Name up to as many.
func (k Key) Check() error {
	if k.Grain == "" {
		return fmt.Errorf("%w: the key has no grain", ErrInvalid)
	}
	if err := checkName("grain key", k.Grain); err != nil {
		return err
	}
	return checkName("state name", k.Name)
}

// Check returns ErrInvalid for a query that no store takes. Whether After is a
// page's Next only the store can tell.
func (q Query) Check() error {
	if q.Limit < 0 {
		return fmt.Errorf("%w: a page of %d records", ErrInvalid, q.Limit)
	}
	return Shard{Type: q.Type}.Check()
}

// PageSize returns the most records in a page of the query, 1 to MaxPage.
func (q Query) PageSize() int {
	if q.Limit == 0 {
		return DefaultPage
	}
	return min(q.Limit, MaxPage)
}

// CheckCommit returns ErrInvalid or ErrTooLarge for a commit that no store takes.
// A store calls it before it looks at its records, with the most bytes that it
// takes in the values of a commit (MaxRecord or less).
func CheckCommit(shard Shard, writes []Write, limit int) error {
	if err := shard.Check(); err != nil {
		return err
	}
	if len(writes) == 0 {
		return fmt.Errorf("%w: no writes", ErrInvalid)
	}
	if len(writes) > MaxWrites {
		return fmt.Errorf("%w: %d writes, at most %d fit a commit", ErrTooLarge, len(writes), MaxWrites)
	}
	total := 0
	for _, w := range writes {
		if err := w.Key.Check(); err != nil {
			return err
		}
		if !w.Delete {
			total += len(w.Value)
		}
	}
	if total > limit {
		return fmt.Errorf("%w: %d bytes of values, at most %d fit a commit", ErrTooLarge, total, limit)
	}
	return checkDistinct(writes)
}

// checkDistinct compares pairs while that is cheaper than a map, which is nearly
// always: a turn saves one or two states.
func checkDistinct(writes []Write) error {
	const few = 8
	if len(writes) <= few {
		for i, w := range writes {
			for _, v := range writes[:i] {
				if v.Key == w.Key {
					return errTwice(w.Key)
				}
			}
		}
		return nil
	}
	seen := make(map[Key]struct{}, len(writes))
	for _, w := range writes {
		if _, ok := seen[w.Key]; ok {
			return errTwice(w.Key)
		}
		seen[w.Key] = struct{}{}
	}
	return nil
}

func errTwice(key Key) error {
	return fmt.Errorf("%w: two writes of %s in one commit", ErrInvalid, key)
}

func checkName(what, name string) error {
	if len(name) > MaxName {
		return fmt.Errorf("%w: %s of %d bytes, at most %d", ErrInvalid, what, len(name), MaxName)
	}
	if !utf8.ValidString(name) {
		return fmt.Errorf("%w: %s %.40q is not UTF-8", ErrInvalid, what, strings.ToValidUTF8(name, "\uFFFD"))
	}
	return nil
}
