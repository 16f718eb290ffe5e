package grain

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Limits of identities, in bytes.
const (
	MaxKeyBytes  = 512
	MaxTypeBytes = 128
)

// An ID names a grain: its type and, within the type, its key.
type ID struct {
	Type string // such as bank.v1.Account
	Key  string // any valid UTF-8 but the empty string, at most MaxKeyBytes
}

// String returns the text form, TYPE/KEY.
func (id ID) String() string { return id.Type + "/" + id.Key }

// ParseID reads the text form TYPE/KEY. The key is everything after the first slash.
// What is not an id is CodeInvalidArgument.
func ParseID(text string) (ID, error) {
	typ, key, ok := strings.Cut(text, "/")
	if !ok {
		return ID{}, Errorf(CodeInvalidArgument, "%.100q is not a grain's id: write TYPE/KEY, such as bank.v1.Account/alice", text)
	}
	id := ID{Type: typ, Key: key}
	return id, id.Validate()
}

// Validate says what is wrong with the id, as CodeInvalidArgument.
func (id ID) Validate() error {
	if err := validateType(id.Type); err != nil {
		return err
	}
	return ValidateKey(id.Key)
}

// ValidateKey says what is wrong with a key, as CodeInvalidArgument. The same
// grammar holds for calls, state and administration.
func ValidateKey(key string) error {
	switch {
	case key == "":
		return Errorf(CodeInvalidArgument, "a grain's key must not be empty")
	case len(key) > MaxKeyBytes:
		return Errorf(CodeInvalidArgument, "a grain's key has at most %d bytes, this one has %d", MaxKeyBytes, len(key))
	case !utf8.ValidString(key):
		return Errorf(CodeInvalidArgument, "a grain's key must be valid UTF-8, got %q", key)
	}
	return nil
}

// validateType accepts what protobuf accepts as a full name. A name has no hyphen,
// so that writing a hyphen for each dot on the wire can be undone.
func validateType(typ string) error {
	if typ == "" {
		return Errorf(CodeInvalidArgument, "a grain type's name must not be empty")
	}
	if len(typ) > MaxTypeBytes {
		return Errorf(CodeInvalidArgument, "a grain type's name has at most %d bytes, this one has %d", MaxTypeBytes, len(typ))
	}
	for part := range strings.SplitSeq(typ, ".") {
		if !isIdentifier(part) {
			return Errorf(CodeInvalidArgument, "%q is not a grain type: it is made of letters, digits and '_', in parts joined by '.', such as bank.v1.Account", typ)
		}
	}
	return nil
}

func isIdentifier(s string) bool {
	for i, r := range s {
		letter := r == '_' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z'
		if !letter && (i == 0 || r < '0' || r > '9') {
			return false
		}
	}
	return s != ""
}

// IDOf names the grain that a ref refers to. It is the zero ID for anything that is
// not a ref made by generated code.
func IDOf(ref any) ID {
	if r, ok := ref.(interface{ GrainID() ID }); ok {
		return r.GrainID()
	}
	return ID{}
}

var _ fmt.Stringer = ID{}
