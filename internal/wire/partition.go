package wire

// Partition returns the partition, from 0 to n-1, of a grain whose type and key are
// spelled as in a subject: FNV-1a, 32 bits, of the type's token followed by the key's,
// modulo n. It is what the NATS server computes for the mapping of
// [Names.PartitionMapping], so changing it moves every grain. It is 0 where n is 0.
func Partition(typeToken, keyToken string, n uint32) uint32 {
	if n == 0 {
		return 0
	}
	const offset, prime = 2166136261, 16777619
	hash := uint32(offset)
	for i := range len(typeToken) {
		hash = (hash ^ uint32(typeToken[i])) * prime
	}
	for i := range len(keyToken) {
		hash = (hash ^ uint32(keyToken[i])) * prime
	}
	return hash % n
}
