package persistence

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math"
)

// An Envelope is what the value of a state record holds: the state's bytes, how
// they are encoded, and what they are. Seal and Open are its only encoder and
// decoder.
type Envelope struct {
	Codec  Codec
	Schema string // the protobuf message's full name, at most 512 bytes
	Data   []byte
}

// A Codec says how a state's bytes are encoded. The zero is invalid.
type Codec byte

// CodecProto is deterministic protobuf binary.
const CodecProto Codec = 1

// The format is: version, codec, two bytes schema length, schema, data, and a
// CRC-32C of all that, big-endian. The checksum is last so that a truncated record
// cannot pass.
const (
	envelopeVersion = 1
	envelopeHead    = 4
	envelopeTail    = 4
)

// Seal appends the envelope's bytes to dst. It panics when Schema is over 65,535
// bytes: the format has no room for its length, and a wrong one would pass the
// checksum.
func (e Envelope) Seal(dst []byte) []byte {
	if len(e.Schema) > math.MaxUint16 {
		panic(fmt.Sprintf("persistence: seal: schema name of %d bytes", len(e.Schema)))
	}
	start := len(dst)
	dst = append(dst, envelopeVersion, byte(e.Codec))
	dst = binary.BigEndian.AppendUint16(dst, uint16(len(e.Schema)))
	dst = append(dst, e.Schema...)
	dst = append(dst, e.Data...)
	return binary.BigEndian.AppendUint32(dst, crc32.Checksum(dst[start:], castagnoli()))
}

// OpenEnvelope checks and splits a sealed envelope; its Data shares the value's
// memory. Damage of any kind is ErrCorrupt, and so is a version of the format that
// this release does not know.
func OpenEnvelope(value []byte) (Envelope, error) {
	if len(value) < envelopeHead+envelopeTail {
		return Envelope{}, fmt.Errorf("%w: %d bytes are too few for an envelope", ErrCorrupt, len(value))
	}
	body, tail := value[:len(value)-envelopeTail], value[len(value)-envelopeTail:]
	if got, want := crc32.Checksum(body, castagnoli()), binary.BigEndian.Uint32(tail); got != want {
		return Envelope{}, fmt.Errorf("%w: checksum %08x, want %08x", ErrCorrupt, got, want)
	}
	if body[0] != envelopeVersion {
		return Envelope{}, fmt.Errorf("%w: envelope version %d is not known to this release", ErrCorrupt, body[0])
	}
	schema := int(binary.BigEndian.Uint16(body[2:envelopeHead]))
	if schema > len(body)-envelopeHead {
		return Envelope{}, fmt.Errorf("%w: schema name overruns the record", ErrCorrupt)
	}
	return Envelope{
		Codec:  Codec(body[1]),
		Schema: string(body[envelopeHead : envelopeHead+schema]),
		Data:   body[envelopeHead+schema:],
	}, nil
}

// castagnoli is a function because MakeTable memoises this polynomial itself.
func castagnoli() *crc32.Table { return crc32.MakeTable(crc32.Castagnoli) }
