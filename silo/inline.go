package silo

// A call from outside of any turn, with a context that can neither be cancelled nor has a
// deadline, runs on its caller's goroutine if its grain is in memory and idle: handing it
// to a worker and back would cost more than all the rest. The price is that such a caller
// does not get away from a method that ignores its own context: the default deadline
// cancels that, and is what the caller is told, but only once the method returns.

// here runs the one call in the mailbox of an activation that has idled, and is marked
// busy already. What comes meanwhile is the workers'.
func (p *workers) here(a *activation) {
	p.awake()
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		p.run(a)
		return
	}
	var w *worker
	if n := len(p.guests); n > 0 {
		w, p.guests = p.guests[n-1], p.guests[:n-1]
	} else {
		w = new(worker)
		p.all[w] = struct{}{}
	}
	w.current = a
	p.mu.Unlock()
	w.since, w.now = 0, 0
	more := a.workOnce(w)
	p.mu.Lock()
	w.current = nil
	if p.closed || len(p.guests) >= keepWorkers {
		p.strike(w)
	} else {
		p.guests = append(p.guests, w)
	}
	p.mu.Unlock()
	if more {
		p.run(a)
	}
}

// workOnce runs one call as its turn, and says whether anything is left to do.
func (a *activation) workOnce(w *worker) (more bool) {
	a.mu.Lock()
	if a.phase != phaseActive || a.ending != 0 || a.mailbox.len == 0 {
		a.mu.Unlock()
		return true
	}
	a.current, a.hooked = a.mailbox.pop(), 0
	c := a.current
	a.mu.Unlock()
	a.turn(c, w.lap(a.of.silo))
	a.mu.Lock()
	defer a.mu.Unlock()
	a.current = nil
	if a.phase != phaseActive || a.ending != 0 || a.mailbox.len > 0 {
		return true
	}
	a.busy, a.used = false, max(a.used, w.now)
	return false
}
