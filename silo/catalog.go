package silo

import (
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/teff-dev/teff/grain"
	gates "github.com/teff-dev/teff/internal/core/activation"
	"github.com/teff-dev/teff/internal/core/membership"
	"github.com/teff-dev/teff/internal/outcome"
	"github.com/teff-dev/teff/internal/seam"
	"github.com/teff-dev/teff/internal/wire"
)

// A hosted is one grain type in this silo: its kind and its activations.
type hosted struct {
	silo      *Silo
	kind      *seam.Kind
	token     string // the type on the wire
	idleAfter time.Duration
	mailbox   int32

	live   atomic.Int64 // activations that are not ending
	turns  atomic.Int64
	errors atomic.Int64
	parts  []part // by partition
	spread wire.Spread
}

// A part is what this silo has of one shard.
type part struct {
	mu     sync.Mutex
	keys   map[string]*activation
	tenure *tenure // nil: the shard is not ours
	drain  *drain  // not nil: it is sealed, and has not been found empty yet
}

func newHosted(s *Silo, k *seam.Kind) *hosted {
	h := &hosted{
		silo:      s,
		kind:      k,
		token:     wire.TypeToken(k.Service.Type),
		idleAfter: k.IdleAfter,
		mailbox:   int32(k.Mailbox),
		parts:     make([]part, s.cfg.Partitions),
		spread:    wire.SpreadOf(k.Service.Type, uint32(s.cfg.Partitions)),
	}
	setDefault(&h.idleAfter, s.cfg.IdleAfter)
	setDefault(&h.mailbox, defaultMailbox)
	return h
}

func (h *hosted) part(key string) *part {
	return &h.parts[h.spread.Partition(key)]
}

// errMoved refuses a call that is somebody else's: whoever routes looks for the owner.
func (h *hosted) errMoved(key string) *grain.Error {
	return outcome.Refused(grain.CodeUnavailable, "%s/%s is not owned by this silo, or is moving away", h.kind.Service.Type, key)
}

// admit puts the call into the mailbox of the key's activation, making one if there is
// none. An error means that the call will never run; moved, that it is to be sent
// elsewhere.
func (h *hosted) admit(key string, c *call) (moved bool, err *grain.Error) {
	p := h.part(key)
	for {
		p.mu.Lock()
		// Under the lock: whoever drains the part looks at it under the lock, too, after
		// the shard was sealed.
		if !p.admits(c.chained()) {
			p.mu.Unlock()
			return true, h.errMoved(key)
		}
		a := p.keys[key]
		if a == nil {
			if h.full() {
				p.mu.Unlock()
				if err := h.makeRoom(); err != nil {
					return false, err
				}
				continue
			}
			a = newActivation(h, p.tenure, strings.Clone(key))
			if p.keys == nil {
				p.keys = make(map[string]*activation)
			}
			p.keys[a.key] = a
			h.live.Add(1)
			h.silo.live.Add(1)
		}
		p.mu.Unlock()
		gone, err := a.admit(c)
		if !gone {
			return false, err
		}
		h.forget(a)
	}
}

// admits says whether the shard takes a call. It is called under the lock.
func (p *part) admits(chained bool) bool {
	t := p.tenure
	if t == nil || t.revoked.Load() {
		return false
	}
	d, since := t.place.Admit(chained)
	return d != gates.Moved && since == t.fence.Since
}

// forget removes a, unless a successor has taken its place.
func (h *hosted) forget(a *activation) {
	p := h.part(a.key)
	p.mu.Lock()
	if p.keys[a.key] == a {
		delete(p.keys, a.key)
	}
	done := p.drained()
	p.mu.Unlock()
	if done != nil {
		done.empty(a.tenure)
	}
}

// drained returns the drain that has just ended, if one has. It is called under the lock.
// From then on not even a chain's call is let in: the shard may be somebody else's as soon
// as the node knows.
func (p *part) drained() *drain {
	if p.drain == nil || len(p.keys) > 0 {
		return nil
	}
	d := p.drain
	p.drain = nil
	p.tenure.inc.shards.Apply(membership.Stop{Shards: []membership.Shard{p.tenure.shard}})
	return d
}

// find returns the key's activation, or nil.
func (h *hosted) find(key string) *activation {
	p := h.part(key)
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.keys[key]
}

// each calls f for the activations of a moment; f may lock.
func (h *hosted) each(f func(*activation)) {
	for i := range h.parts {
		h.parts[i].each(f)
	}
}

func (p *part) each(f func(*activation)) {
	p.mu.Lock()
	some := make([]*activation, 0, len(p.keys))
	for _, a := range p.keys {
		some = append(some, a)
	}
	p.mu.Unlock()
	for _, a := range some {
		f(a)
	}
}

// partOf finds the part of a shard; nil where its type is not hosted here.
func (s *Silo) partOf(shard membership.Shard) *part {
	h := s.types[shard.Type]
	if h == nil || shard.Partition < 0 || shard.Partition >= len(h.parts) {
		return nil
	}
	return &h.parts[shard.Partition]
}
