package natsstore

import (
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"

	"github.com/teff-dev/teff/internal/wire"
	"github.com/teff-dev/teff/persistence"
)

// layoutVersion is stored with the stream. A release that lays records out otherwise
// has another one, and refuses this one's streams.
const layoutVersion = "1"

// A layout knows where in a cluster's stream everything is:
//
//	CLUSTER.state.generation
//	CLUSTER.state.fence.TYPE.PARTITION
//	CLUSTER.state.record.TYPE.PARTITION.GRAIN.NAME
type layout struct {
	cluster string
	prefix  string
}

func newLayout(cluster string) (layout, error) {
	names, err := wire.NewNames(cluster)
	if err != nil {
		return layout{}, err
	}
	return layout{cluster: names.Cluster(), prefix: names.Cluster() + ".state."}, nil
}

func (l layout) stream() string     { return l.cluster + "_state" }
func (l layout) all() string        { return l.prefix + ">" }
func (l layout) generation() string { return l.prefix + "generation" }

func (l layout) fence(s persistence.Shard) string {
	return l.fences(s.Type) + strconv.FormatUint(uint64(s.Partition), 10)
}

// fences is what the fences of a type begin with.
func (l layout) fences(typ string) string { return l.prefix + "fence." + token(typ) + "." }

func (l layout) record(s persistence.Shard, key persistence.Key) string {
	return l.grain(s, key.Grain) + token(key.Name)
}

// grain is what the records of a grain begin with.
func (l layout) grain(s persistence.Shard, grain string) string {
	return l.records(s) + token(grain) + "."
}

// records is what the records of a shard begin with.
func (l layout) records(s persistence.Shard) string {
	return l.prefix + "record." + token(s.Type) + "." + strconv.FormatUint(uint64(s.Partition), 10) + "."
}

// parseKey reads what follows records in a subject.
func parseKey(rest string) (persistence.Key, error) {
	grain, name, _ := strings.Cut(rest, ".")
	var key persistence.Key
	var err error
	if key.Grain, err = parseToken(grain); err != nil {
		return key, err
	}
	key.Name, err = parseToken(name)
	return key, err
}

const (
	// longToken is the most bytes that a text may have with its bytes escaped one by
	// one. Three of the longest tokens and the longest cluster's name stay well below
	// the 4096 bytes that a NATS server takes in a line.
	longToken = 640

	// otherToken begins what is not written as itself: the empty text, and a text that
	// would be longer than longToken, in base64. No escaped text begins with it.
	otherToken = "="
)

// token writes any text as one token of a subject, each text differently.
func token(text string) string {
	if text == "" {
		return otherToken
	}
	if t := wire.KeyToken(text); len(t) <= longToken {
		return t
	}
	return otherToken + base64.RawURLEncoding.EncodeToString([]byte(text))
}

// parseToken is the inverse of token. What token never writes is ErrCorrupt.
func parseToken(t string) (string, error) {
	encoded, other := strings.CutPrefix(t, otherToken)
	if !other {
		text, err := wire.ParseKeyToken(t)
		if err != nil {
			return "", fmt.Errorf("%w: a subject with the token %.60q, which no store writes", persistence.ErrCorrupt, t)
		}
		return text, nil
	}
	text, err := base64.RawURLEncoding.DecodeString(encoded)
	if err != nil || token(string(text)) != t {
		return "", fmt.Errorf("%w: a subject with the token %.60q, which no store writes", persistence.ErrCorrupt, t)
	}
	return string(text), nil
}
