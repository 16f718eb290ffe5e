package wire

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/teff-dev/teff/grain"
)

// TypeToken returns a grain type's name as one token of a subject: a hyphen for each
// dot. It allocates only where there is one.
func TypeToken(typ string) string { return strings.ReplaceAll(typ, ".", "-") }

// ParseTypeToken is the inverse of TypeToken. What TypeToken returns for no valid type
// is INVALID_ARGUMENT.
func ParseTypeToken(token string) (string, error) {
	if len(token) > grain.MaxTypeBytes {
		return "", invalid("a grain type's name has at most %d bytes, this one has %d", grain.MaxTypeBytes, len(token))
	}
	for rest, more := token, true; more; {
		var part string
		part, rest, more = strings.Cut(rest, "-")
		if isIdentifier(part) {
			continue
		}
		if strings.Contains(token, ".") {
			return "", invalid("%s is not a grain type as subjects spell it: write each '.' of the type as '-', such as bank-v1-Account", quote(token))
		}
		return "", invalid("%s is not a grain type: it is made of letters, digits and '_', in parts joined by '-', such as bank-v1-Account", quote(token))
	}
	return strings.ReplaceAll(token, "-", "."), nil
}

// KeyToken returns a grain's key as one token of a subject: each byte but A-Z, a-z,
// 0-9, '_', '~' and '-' becomes '%' and two upper-case hex digits. It allocates only
// where there is one. It escapes what is no valid key too.
func KeyToken(key string) string {
	escapes := 0
	for i := range len(key) {
		if !isPlain(key[i]) {
			escapes++
		}
	}
	if escapes == 0 {
		return key
	}
	return string(appendKey(make([]byte, 0, len(key)+2*escapes), key))
}

// ParseKeyToken is the inverse of KeyToken. Whatever KeyToken returns for no valid key
// is INVALID_ARGUMENT, other spellings of a valid key included: %61lice is alice, but
// the NATS server would hash it elsewhere.
func ParseKeyToken(token string) (string, error) {
	if token == "" {
		return "", invalid("a grain's key must not be empty")
	}
	if len(token) > 3*grain.MaxKeyBytes {
		return "", invalid("a grain's key has at most %d bytes, this one has %d as the subject spells it", grain.MaxKeyBytes, len(token))
	}
	start := 0
	for start < len(token) && isPlain(token[start]) {
		start++
	}
	if start == len(token) {
		return token, checkKeyLength(token)
	}
	var stack [2 * 64]byte
	key := append(stack[:0], token[:start]...)
	for i := start; i < len(token); i++ {
		c := token[i]
		if !isPlain(c) {
			c = unescape(token[i:])
			if isPlain(c) { // unescape says '0' where there is nothing to unescape
				return "", notCanonical(token)
			}
			i += 2
		}
		key = append(key, c)
	}
	if !utf8.Valid(key) || len(key) > grain.MaxKeyBytes {
		return "", notAKey(string(key))
	}
	return string(key), nil
}

// checkKeyLength is what is left to check of a key without escapes.
func checkKeyLength(key string) error {
	if len(key) > grain.MaxKeyBytes {
		return notAKey(key)
	}
	return nil
}

// notAKey is grain.ValidateKey's error, if any, in a sentence that never repeats the
// whole of a stranger's key.
func notAKey(key string) error {
	if len(key) <= grain.MaxKeyBytes && !utf8.ValidString(key) {
		return invalid("a grain's key must be valid UTF-8, got %s", quote(key))
	}
	return grain.ValidateKey(key)
}

// notCanonical names the spelling that would have been right.
func notCanonical(token string) error {
	key := make([]byte, 0, len(token))
	for i := 0; i < len(token); i++ {
		if token[i] == '%' && i+2 < len(token) {
			if b, err := strconv.ParseUint(token[i+1:i+3], 16, 8); err == nil {
				key = append(key, byte(b))
				i += 2
				continue
			}
		}
		key = append(key, token[i])
	}
	if err := notAKey(string(key)); err != nil {
		return err
	}
	return invalid("the key is spelled %s in the subject: write it %s, the only spelling that is accepted", quote(token), quote(KeyToken(string(key))))
}

// unescape returns the byte that an escape at the beginning of s stands for, or '0',
// which is never escaped, where there is none in canonical form.
func unescape(s string) byte {
	if len(s) < 3 || s[0] != '%' {
		return '0'
	}
	high, low := unhex(s[1]), unhex(s[2])
	if high > 15 || low > 15 {
		return '0'
	}
	return high<<4 | low
}

// unhex returns what an upper-case hex digit stands for, or something above 15.
func unhex(c byte) byte {
	switch {
	case '0' <= c && c <= '9':
		return c - '0'
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10
	default:
		return 255
	}
}

func appendKey(dst []byte, key string) []byte {
	const hex = "0123456789ABCDEF"
	for i := range len(key) {
		if c := key[i]; isPlain(c) {
			dst = append(dst, c)
		} else {
			dst = append(dst, '%', hex[c>>4], hex[c&15])
		}
	}
	return dst
}

func appendType(dst []byte, typ string) []byte {
	for i := range len(typ) {
		c := typ[i]
		if c == '.' {
			c = '-'
		}
		dst = append(dst, c)
	}
	return dst
}

// isPlain tells the bytes of a key that are not escaped. They are those that are safe
// in a subject and in a URL, without the dot.
func isPlain(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '_' || c == '~' || c == '-'
}

// isIdentifier tells what protobuf allows as a name.
func isIdentifier(s string) bool {
	for i := range len(s) {
		c := s[i]
		letter := c == '_' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
		if !letter && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return s != ""
}
