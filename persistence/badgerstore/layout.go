package badgerstore

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"

	"github.com/teff-dev/teff/persistence"
	"github.com/teff-dev/teff/persistence/internal/rowkey"
)

// The first byte of a Badger key says what it is. A record has one row; a value that
// is not small is a body of its own, so that judging a write or listing keys never
// reads it.
//
// A body is named by its revision, which no other has, and cut into chunks. All of it
// is in the sorted tables: Badger's log for big values gets smaller only when its
// garbage happens to be met by a merge of tables, which for a few big records may be
// never, and its readers hide errors.
const (
	// The space m is for the names below.
	spaceFence  = 'f' // type, partition → generation, since
	spaceRow    = 'r' // type, partition, grain, name → head, small value
	spaceBody   = 'b' // revision, chunk number → chunk
	spaceStaged = 's' // revision → nothing: a body that no row has yet
)

const (
	keyFormat     = "mformat"
	keyGeneration = "mgeneration"
	keyRevision   = "mrevision"

	formatName    = "teff-badgerstore/"
	formatVersion = "1"
)

func fenceKey(shard persistence.Shard) []byte {
	return rowkey.AppendPartition(typePrefix(spaceFence, shard.Type), shard.Partition)
}

func rowKey(shard persistence.Shard, key persistence.Key) []byte {
	return rowkey.Append(typePrefix(spaceRow, shard.Type), shard.Partition, key)
}

// grainPrefix begins the row keys of one grain's records and of no others.
func grainPrefix(shard persistence.Shard, grain string) []byte {
	prefix := rowkey.AppendPartition(typePrefix(spaceRow, shard.Type), shard.Partition)
	return rowkey.AppendText(prefix, grain)
}

func typePrefix(space byte, grainType string) []byte {
	const room = 64 // most keys fit without another allocation
	return rowkey.AppendText(append(make([]byte, 0, len(grainType)+room), space), grainType)
}

func stagedKey(revision persistence.Revision) []byte {
	return binary.BigEndian.AppendUint64([]byte{spaceStaged}, uint64(revision))
}

// bodyPrefix begins the keys of a body's chunks.
func bodyPrefix(revision persistence.Revision) []byte {
	return binary.BigEndian.AppendUint64([]byte{spaceBody}, uint64(revision))
}

func chunkKey(revision persistence.Revision, chunk int) []byte {
	return binary.BigEndian.AppendUint32(bodyPrefix(revision), uint32(chunk))
}

// chunks returns how many chunks a body of so many bytes has.
func chunks(length int) int { return (length + chunkSize - 1) / chunkSize }

func encodeFence(f persistence.Fence) []byte {
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, f.Generation), f.Since)
}

func decodeFence(b []byte) (persistence.Fence, error) {
	if len(b) != 16 {
		return persistence.Fence{}, fmt.Errorf("%w: a fence of %d bytes", persistence.ErrCorrupt, len(b))
	}
	return persistence.Fence{Generation: binary.BigEndian.Uint64(b), Since: binary.BigEndian.Uint64(b[8:])}, nil
}

// A row is a CRC-32C of what follows, the revision, the place of the value, and the
// value or, when it has a body, the body's length and CRC-32C.
const (
	inlineMost = 4 << 10   // the longest value that is in its row
	chunkSize  = 512 << 10 // part of the format: a body's length tells its chunks

	rowHead    = 4 + 8 + 1
	bodyRowLen = rowHead + 4 + 4

	placeInline = 1
	placeBody   = 2
)

type row struct {
	revision persistence.Revision
	value    []byte // inline only
	bodyLen  int    // 0: the value is inline
	bodySum  uint32
}

func (r row) head() head { return head{revision: r.revision, bodyLen: r.bodyLen} }

// newRow lays out a row for value and the body that it needs, or nil. Both are
// copies.
func newRow(value []byte) (encoded, body []byte) {
	if len(value) <= inlineMost {
		encoded = make([]byte, rowHead, rowHead+len(value))
		encoded[rowHead-1] = placeInline
		return append(encoded, value...), nil
	}
	encoded = make([]byte, rowHead, bodyRowLen)
	encoded[rowHead-1] = placeBody
	encoded = binary.BigEndian.AppendUint32(encoded, uint32(len(value)))
	encoded = binary.BigEndian.AppendUint32(encoded, checksum(value))
	return encoded, append([]byte(nil), value...)
}

// stamp fills in the revision, which is known last, and the checksum.
func stamp(encoded []byte, revision persistence.Revision) {
	binary.BigEndian.PutUint64(encoded[4:], uint64(revision))
	binary.BigEndian.PutUint32(encoded, checksum(encoded[4:]))
}

// decodeRow returns a row whose value shares b's memory.
func decodeRow(b []byte) (row, error) {
	if len(b) < rowHead {
		return row{}, fmt.Errorf("%w: a row of %d bytes", persistence.ErrCorrupt, len(b))
	}
	if got, want := checksum(b[4:]), binary.BigEndian.Uint32(b); got != want {
		return row{}, fmt.Errorf("%w: row checksum %08x, want %08x", persistence.ErrCorrupt, got, want)
	}
	r := row{revision: persistence.Revision(binary.BigEndian.Uint64(b[4:]))}
	switch place := b[rowHead-1]; {
	case place == placeInline:
		r.value = b[rowHead:]
	case place == placeBody && len(b) == bodyRowLen && binary.BigEndian.Uint32(b[rowHead:]) > inlineMost:
		r.bodyLen = int(binary.BigEndian.Uint32(b[rowHead:]))
		r.bodySum = binary.BigEndian.Uint32(b[rowHead+4:])
	default:
		return row{}, fmt.Errorf("%w: a row of kind %d and %d bytes", persistence.ErrCorrupt, place, len(b))
	}
	return r, nil
}

// checksum is CRC-32C; MakeTable memoises this polynomial itself.
func checksum(b []byte) uint32 { return crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli)) }
