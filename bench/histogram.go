package main

import (
	"math/bits"
	"time"
)

// A histogram counts durations, to within 6 %.
type histogram struct {
	count   int
	buckets [40 << fine]uint32
}

// fine is the bits of a duration that are kept behind its first.
const fine = 4

func (h *histogram) add(d time.Duration) {
	h.count++
	h.buckets[bucket(d)]++
}

// bucket is the place of the durations that begin with the same fine+1 bits.
func bucket(d time.Duration) int {
	n := uint64(max(d, 1<<fine))
	shift := bits.Len64(n) - fine - 1
	return min(shift<<fine+int(n>>shift&(1<<fine-1)), 40<<fine-1)
}

// lower is the shortest duration of a bucket.
func lower(bucket int) time.Duration {
	return time.Duration(1<<fine+bucket&(1<<fine-1)) << (bucket >> fine)
}

func (h *histogram) merge(other *histogram) {
	h.count += other.count
	for i, n := range other.buckets {
		h.buckets[i] += n
	}
}

// quantile is the duration that the share q of all does not exceed.
func (h *histogram) quantile(q float64) time.Duration {
	left := int(q * float64(h.count))
	for i, n := range h.buckets {
		if left -= int(n); left < 0 {
			return lower(i)
		}
	}
	return 0
}
