package wire

// Partition returns the partition, from 0 to n-1, of a grain whose type and key are
// spelled as in a subject: FNV-1a, 32 bits, of the type's token followed by the key's,
// modulo n. It is what the NATS server computes for the mapping of
// [Names.PartitionMapping], so changing it moves every grain. It is 0 where n is 0.
func Partition(typeToken, keyToken string, n uint32) uint32 {
	if n == 0 {
		return 0
	}
	hash := fnvString(fnvOffset, typeToken)
	return fnvString(hash, keyToken) % n
}

// PartitionOf is Partition of a type and a key as they are, without making their tokens.
func PartitionOf(typ, key string, n uint32) uint32 { return SpreadOf(typ, n).Partition(key) }

// A Spread is how the keys of one type are spread over partitions: PartitionOf with the
// type's part done.
type Spread struct{ hash, n uint32 }

// SpreadOf prepares for keys of the type, in n partitions.
func SpreadOf(typ string, n uint32) Spread {
	hash := uint32(fnvOffset)
	for i := range len(typ) {
		c := typ[i]
		if c == '.' {
			c = '-'
		}
		hash = (hash ^ uint32(c)) * fnvPrime
	}
	return Spread{hash, n}
}

// Partition returns a key's partition.
func (s Spread) Partition(key string) uint32 {
	if s.n == 0 {
		return 0
	}
	const hex = "0123456789ABCDEF"
	hash := s.hash
	for i := range len(key) {
		c := key[i]
		if isPlain(c) {
			hash = (hash ^ uint32(c)) * fnvPrime
			continue
		}
		hash = (hash ^ '%') * fnvPrime
		hash = (hash ^ uint32(hex[c>>4])) * fnvPrime
		hash = (hash ^ uint32(hex[c&15])) * fnvPrime
	}
	return hash % s.n
}

const (
	fnvOffset = 2166136261
	fnvPrime  = 16777619
)

func fnvString(hash uint32, s string) uint32 {
	for i := range len(s) {
		hash = (hash ^ uint32(s[i])) * fnvPrime
	}
	return hash
}
