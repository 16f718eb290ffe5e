package rowkey

import (
	"encoding/base64"
	"fmt"

	"github.com/teff-dev/teff/persistence"
)

// Cursor returns the last row of a page as a Page's Next. It names a place in the
// order, not a record, so it stays good when that record goes.
func Cursor(partition uint32, key persistence.Key) string {
	return base64.RawURLEncoding.EncodeToString(Append(nil, partition, key))
}

// ParseCursor reads a Query's After; what is none is persistence.ErrInvalid.
func ParseCursor(after string) (uint32, persistence.Key, error) {
	row, err := base64.RawURLEncoding.DecodeString(after)
	if err != nil {
		return 0, persistence.Key{}, fmt.Errorf("%w: After is no page's Next: %w", persistence.ErrInvalid, err)
	}
	partition, key, err := Parse(row)
	if err != nil {
		return 0, persistence.Key{}, fmt.Errorf("%w: After is no page's Next: %w", persistence.ErrInvalid, err)
	}
	return partition, key, nil
}
