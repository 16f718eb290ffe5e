package wire

import (
	"strings"
)

// MaxIncarnationBytes is the longest name of a silo's run.
const MaxIncarnationBytes = 24

// A Target is what a subject calls.
type Target struct {
	Type, Key, Method string

	// Partition is what the subject says, which the sender may have made up; -1 where
	// it says none.
	Partition int

	// Incarnation names the silo that the subject is of; empty for the door and for a
	// partition.
	Incarnation string
}

// ParseTarget reads the subject of a call: the door's, a partition's or a silo's.
// Anything else is INVALID_ARGUMENT. It allocates no more than the type's name, where
// it has dots and is not a known one, and the key, where it has escapes.
func (n Names) ParseTarget(subject string) (Target, error) {
	t := Target{Partition: -1}
	rest, ours := strings.CutPrefix(subject, n.prefix)
	kind, rest, _ := strings.Cut(rest, ".")
	var err error
	switch {
	case !ours || n.prefix == "":
		return Target{}, n.notACall(subject)
	case kind == "call":
	case kind == "part":
		var token string
		token, rest, _ = strings.Cut(rest, ".")
		t.Partition, err = parsePartition(token)
	case kind == "silo":
		t.Incarnation, rest, _ = strings.Cut(rest, ".")
		err = checkIncarnation(t.Incarnation)
	default:
		return Target{}, n.notACall(subject)
	}
	if err != nil {
		return Target{}, err
	}
	typeToken, rest, _ := strings.Cut(rest, ".")
	keyToken, method, three := strings.Cut(rest, ".")
	if !three || strings.IndexByte(method, '.') >= 0 {
		return Target{}, n.notACall(subject)
	}
	if t.Type = n.types[typeToken]; t.Type == "" {
		if t.Type, err = ParseTypeToken(typeToken); err != nil {
			return Target{}, err
		}
	}
	if t.Key, err = ParseKeyToken(keyToken); err != nil {
		return Target{}, err
	}
	t.Method = method
	return t, checkMethod(method)
}

// ParseDescribe reads the subject of a request for a type's description. Another is
// INVALID_ARGUMENT.
func (n Names) ParseDescribe(subject string) (typ string, err error) {
	rest, ours := strings.CutPrefix(subject, n.prefix)
	token, describe := strings.CutPrefix(rest, "describe.")
	if !ours || !describe {
		return "", invalid("%s is not a request for a description: ask on %sdescribe.TYPE", quote(subject), n.prefix)
	}
	return ParseTypeToken(token)
}

func (n Names) notACall(subject string) error {
	return invalid("%s is not the subject of a call: call %scall.TYPE.KEY.METHOD, with '-' for each '.' of the type and %%2E for each '.' of the key", quote(subject), n.prefix)
}

// parsePartition accepts what a NATS server writes: no sign, no leading zero.
func parsePartition(token string) (int, error) {
	const tenDigits = 10
	p := int64(0)
	ok := token != "" && len(token) <= tenDigits && (token[0] != '0' || len(token) == 1)
	for i := range len(token) {
		ok = ok && '0' <= token[i] && token[i] <= '9'
		if !ok {
			break
		}
		p = p*10 + int64(token[i]-'0')
	}
	if !ok || p > 1<<31-1 {
		return 0, invalid("%s is not a partition: it is a number without leading zeros; let the server choose it, and call the door", quote(token))
	}
	return int(p), nil
}

func checkIncarnation(token string) error {
	ok := token != "" && len(token) <= MaxIncarnationBytes
	for i := range len(token) {
		c := token[i]
		ok = ok && ('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9')
	}
	if !ok {
		return invalid("%s is not a silo's incarnation: it has letters and digits, at most %d; the view tells it", quote(token), MaxIncarnationBytes)
	}
	return nil
}

func checkMethod(method string) error {
	if !isIdentifier(method) || len(method) > MaxMethodBytes {
		return invalid("%s is not a method: write the rpc's name, such as Deposit, of at most %d bytes", quote(method), MaxMethodBytes)
	}
	return nil
}
