package natsstore

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strings"
	"sync"

	"github.com/teff-dev/teff/persistence"
)

// A guard is the message on a shard's fence subject. Each commit writes it anew,
// expecting the one before, so its sequence is the version of the whole shard.
type guard struct {
	seq   uint64 // 0: nobody wrote to the shard yet
	fence persistence.Fence
	batch string // the batch that wrote it
}

// encode writes a guard's payload: the fence in 32 hex digits, a space, and the batch.
func (g guard) encode() []byte { return []byte(g.fence.String() + " " + g.batch) }

func parseGuard(seq uint64, payload []byte) (guard, error) {
	digits, batch, ok := strings.Cut(string(payload), " ")
	raw, err := hex.DecodeString(digits)
	if !ok || err != nil || len(raw) != 16 {
		return guard{}, fmt.Errorf("%w: a fence that reads %.60q", persistence.ErrCorrupt, payload)
	}
	return guard{
		seq:   seq,
		fence: persistence.Fence{Generation: binary.BigEndian.Uint64(raw), Since: binary.BigEndian.Uint64(raw[8:])},
		batch: batch,
	}, nil
}

// guards are the newest guards that this store has seen. The stream may have newer
// ones, never older ones: what a replica answers is judged by them.
type guards struct {
	mu   sync.RWMutex
	seen map[persistence.Shard]guard
	last uint64 // the highest sequence seen in the stream
}

func newGuards() *guards { return &guards{seen: make(map[persistence.Shard]guard)} }

// get returns the shard's guard, and whether anything is known of it.
func (g *guards) get(s persistence.Shard) (guard, bool) {
	g.mu.RLock()
	defer g.mu.RUnlock()
	known, ok := g.seen[s]
	return known, ok
}

func (g *guards) highest() uint64 {
	g.mu.RLock()
	defer g.mu.RUnlock()
	return g.last
}

// put remembers a guard that was seen when the stream's last sequence was at least
// last.
func (g *guards) put(s persistence.Shard, seen guard, last uint64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if known, ok := g.seen[s]; !ok || seen.seq > known.seq {
		g.seen[s] = seen
	}
	g.last = max(g.last, last)
}

// saw remembers that the stream has the sequence.
func (g *guards) saw(seq uint64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.last = max(g.last, seq)
}
