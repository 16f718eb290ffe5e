package sim

import "github.com/teff-dev/teff/internal/core/membership"

// answerOf is what the store says.
type answerOf struct {
	result   result
	revision uint64
	count    int
}

// askStore sends a request to the store, as ask does to the records.
func (h *host) askStore(what string, act func(s *store) answerOf, answer func(answerOf)) {
	w, done, life := h.w, false, h.life
	told := answer
	answer = func(a answerOf) {
		w.tracef(h, "%s: %+v", what, a)
		told(a)
	}
	h.after(giveUp, func() {
		if !done {
			done = true
			answer(answerOf{result: resultUnknown})
		}
	})
	w.send(toStore, nil, 0, func() {
		if !w.store.up {
			return
		}
		result := act(&w.store)
		w.send(fromStore, h, life, func() {
			if !done {
				done = true
				answer(result)
			}
		})
	})
}

func (h *host) takeGeneration() {
	h.askStore("generation", func(s *store) answerOf {
		s.generation++
		return answerOf{result: resultOK, revision: s.generation}
	}, func(a answerOf) {
		h.step(membership.Generation{Value: a.revision})
	})
}

// claim raises the shard's fence to ours.
func (h *host) claim(shard membership.Shard, f fence, then func(answerOf)) {
	h.askStore("claim", func(s *store) answerOf {
		return answerOf{result: s.shard(shard).claim(f)}
	}, then)
}

// load reads the register. The checker notes under which fence.
func (h *host) load(shard membership.Shard, f fence, then func(answerOf)) {
	h.askStore("load", func(s *store) answerOf {
		at := s.shard(shard)
		if at.scanned.less(f) {
			at.scanned = f
		}
		return answerOf{result: resultOK, revision: at.revision, count: len(at.log)}
	}, then)
}

// commit writes the register.
func (h *host) commit(shard membership.Shard, f fence, expect uint64, attempt int, then func(answerOf)) {
	w := h.w
	h.askStore("commit", func(s *store) answerOf {
		at := s.shard(shard)
		result := at.commit(f, expect, attempt)
		if result == resultOK {
			w.checkCommit(shard, at, f, attempt)
		}
		return answerOf{result: result, revision: at.revision, count: len(at.log)}
	}, then)
}
