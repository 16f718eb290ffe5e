package silo

import (
	"hash/maphash"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/teff-dev/teff/grain"
	"github.com/teff-dev/teff/internal/seam"
	"github.com/teff-dev/teff/internal/wire"
)

// stripes is into how many parts a type's activations are divided, so that calls to
// different keys seldom meet at a lock.
const stripes = 64

// A hosted is one grain type in this silo: its kind and its activations.
type hosted struct {
	silo      *Silo
	kind      *seam.Kind
	token     string // the type on the wire
	idleAfter time.Duration
	mailbox   int32

	live    atomic.Int64 // activations that are not ending
	turns   atomic.Int64
	errors  atomic.Int64
	seed    maphash.Seed
	stripes [stripes]stripe
}

type stripe struct {
	mu   sync.Mutex
	keys map[string]*activation
}

func newHosted(s *Silo, k *seam.Kind) *hosted {
	h := &hosted{
		silo:      s,
		kind:      k,
		token:     wire.TypeToken(k.Service.Type),
		idleAfter: k.IdleAfter,
		mailbox:   int32(k.Mailbox),
		seed:      maphash.MakeSeed(),
	}
	setDefault(&h.idleAfter, s.cfg.IdleAfter)
	setDefault(&h.mailbox, defaultMailbox)
	for i := range h.stripes {
		h.stripes[i].keys = make(map[string]*activation)
	}
	return h
}

func (h *hosted) stripe(key string) *stripe {
	return &h.stripes[maphash.String(h.seed, key)%stripes]
}

// admit puts the call into the mailbox of the key's activation, making one if there is
// none. An error means that the call will never run.
func (h *hosted) admit(key string, c *call) *grain.Error {
	st := h.stripe(key)
	for {
		st.mu.Lock()
		a := st.keys[key]
		if a == nil {
			if h.silo.shut.Load() {
				st.mu.Unlock()
				return stopping()
			}
			if h.full() {
				st.mu.Unlock()
				if err := h.makeRoom(); err != nil {
					return err
				}
				continue
			}
			a = newActivation(h, strings.Clone(key))
			st.keys[a.key] = a
			h.live.Add(1)
			h.silo.live.Add(1)
		}
		st.mu.Unlock()
		gone, err := a.admit(c)
		if !gone {
			return err
		}
		h.forget(a)
	}
}

// forget removes a, unless a successor has taken its place.
func (h *hosted) forget(a *activation) {
	st := h.stripe(a.key)
	st.mu.Lock()
	if st.keys[a.key] == a {
		delete(st.keys, a.key)
	}
	st.mu.Unlock()
}

// find returns the key's activation, or nil.
func (h *hosted) find(key string) *activation {
	st := h.stripe(key)
	st.mu.Lock()
	defer st.mu.Unlock()
	return st.keys[key]
}

// each calls f for the activations of a moment; f may lock.
func (h *hosted) each(f func(*activation)) {
	var some []*activation
	for i := range h.stripes {
		st := &h.stripes[i]
		st.mu.Lock()
		some = some[:0]
		for _, a := range st.keys {
			some = append(some, a)
		}
		st.mu.Unlock()
		for _, a := range some {
			f(a)
		}
	}
}
