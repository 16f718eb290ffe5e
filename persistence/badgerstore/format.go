package badgerstore

import (
	"errors"
	"fmt"
	"strings"

	"github.com/dgraph-io/badger/v4"
)

// checkFormat marks a new database as a store of this format, and refuses any other.
func checkFormat(db *badger.DB) error {
	found, err := readFormat(db)
	if err != nil {
		return err
	}
	switch {
	case found == formatName+formatVersion:
		return nil
	case found == "":
		return markNew(db)
	case strings.HasPrefix(found, formatName):
		return fmt.Errorf("%w: its format is %q and this release knows up to %s%s; use the release that wrote it, or a newer one",
			ErrForeign, found, formatName, formatVersion)
	default:
		return fmt.Errorf("%w: it says that it is %q", ErrForeign, found)
	}
}

func readFormat(db *badger.DB) (string, error) {
	var found string
	err := db.View(func(txn *badger.Txn) error {
		item, err := txn.Get([]byte(keyFormat))
		if errors.Is(err, badger.ErrKeyNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		return item.Value(func(b []byte) error {
			found = string(b)
			return nil
		})
	})
	if err != nil {
		return "", fmt.Errorf("read the format: %w", err)
	}
	return found, nil
}

// markNew writes the format into a database that has nothing yet: the first thing
// that a store writes is this.
func markNew(db *badger.DB) error {
	some, err := firstKey(db, nil)
	if err != nil {
		return fmt.Errorf("look for the format: %w", err)
	}
	if some != nil {
		return fmt.Errorf("%w: it is a Badger database of something else; name another directory", ErrForeign)
	}
	err = db.Update(func(txn *badger.Txn) error {
		return txn.Set([]byte(keyFormat), []byte(formatName+formatVersion))
	})
	if err != nil {
		return fmt.Errorf("mark a new store: %w", err)
	}
	return nil
}
