package bus

import (
	"errors"
	"strings"

	"github.com/nats-io/nats.go"

	"github.com/teff-dev/teff/grain"
)

// Refused is PERMISSION_DENIED, with the subject, if the last that the server complained of
// is that this user lacks a permission, and its words have that part; else nil. What a
// server refuses is never answered, so who waits for an answer may ask this.
func Refused(nc *nats.Conn, part string) error {
	err := nc.LastError()
	if !errors.Is(err, nats.ErrPermissionViolation) || !strings.Contains(err.Error(), part) {
		return nil
	}
	return grain.Errorf(grain.CodePermissionDenied, "the NATS server refuses: %w: grant that to the silos' user; SECURITY.md has all that they need", err)
}
