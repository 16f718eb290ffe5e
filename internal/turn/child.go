package turn

// A Child is a call that a turn awaits.
type Child interface {
	// ParentCancelled tells it that the turn was cancelled. It may come late, after
	// Release, and must not block.
	ParentCancelled(cause error)
}

// Adopt has the child told when the turn is cancelled. It is false when the turn was
// cancelled before, and the child then is not told. It does what AfterFunc does, without
// its allocations.
func (t *Turn) Adopt(c Child) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.err != nil {
		return false
	}
	if t.child == nil {
		t.child = c
	} else {
		w := t.waiting()
		w.more = append(w.more, c)
	}
	return true
}

// Release undoes Adopt.
func (t *Turn) Release(c Child) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.child == c {
		t.child = nil
		return
	}
	if t.waits == nil {
		return
	}
	for i, other := range t.waits.more {
		if other == c {
			t.waits.more = append(t.waits.more[:i], t.waits.more[i+1:]...)
			return
		}
	}
}
