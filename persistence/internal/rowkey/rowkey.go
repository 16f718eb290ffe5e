package rowkey

import (
	"bytes"
	"encoding/binary"
	"errors"
	"strings"

	"github.com/teff-dev/teff/persistence"
)

const (
	escape     = 0x00
	escapedNUL = 0xFF
	endOfText  = 0x01

	partitionSize = 4
)

var errMalformed = errors.New("malformed row key")

// AppendText appends text, escaped and ended.
func AppendText(dst []byte, text string) []byte {
	for {
		i := strings.IndexByte(text, escape)
		if i < 0 {
			dst = append(dst, text...)
			return append(dst, escape, endOfText)
		}
		dst = append(dst, text[:i]...)
		dst = append(dst, escape, escapedNUL)
		text = text[i+1:]
	}
}

// CutText splits an encoded text from what follows it.
func CutText(b []byte) (text string, rest []byte, err error) {
	var plain []byte
	for {
		i := bytes.IndexByte(b, escape)
		if i < 0 || i+1 >= len(b) {
			return "", nil, errMalformed
		}
		plain = append(plain, b[:i]...)
		mark := b[i+1]
		b = b[i+2:]
		switch mark {
		case endOfText:
			return string(plain), b, nil
		case escapedNUL:
			plain = append(plain, escape)
		default:
			return "", nil, errMalformed
		}
	}
}

// AppendPartition appends a partition's number.
func AppendPartition(dst []byte, partition uint32) []byte {
	return binary.BigEndian.AppendUint32(dst, partition)
}

// Append appends a row: a partition and a key.
func Append(dst []byte, partition uint32, key persistence.Key) []byte {
	dst = AppendPartition(dst, partition)
	dst = AppendText(dst, key.Grain)
	return AppendText(dst, key.Name)
}

// Parse is the inverse of Append; nothing may follow the row.
func Parse(row []byte) (uint32, persistence.Key, error) {
	if len(row) < partitionSize {
		return 0, persistence.Key{}, errMalformed
	}
	partition := binary.BigEndian.Uint32(row)
	grain, rest, err := CutText(row[partitionSize:])
	if err != nil {
		return 0, persistence.Key{}, err
	}
	name, rest, err := CutText(rest)
	if err != nil {
		return 0, persistence.Key{}, err
	}
	if len(rest) != 0 {
		return 0, persistence.Key{}, errMalformed
	}
	return partition, persistence.Key{Grain: grain, Name: name}, nil
}
