package silo

// Waiting is how many calls of a grain wait or run; -1 when it is not in memory.
func Waiting(s *Silo, typ, key string) int {
	a := s.types[typ].find(key)
	if a == nil {
		return -1
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	n := int(a.mailbox.len)
	if a.current != nil && a.current.method != nil {
		n++
	}
	return n
}

// Revoke makes the silo one whose turns may neither commit nor answer.
func Revoke(s *Silo) { s.revoked.Store(true) }

// Running says that a turn of the grain's is under way.
func Running(s *Silo, typ, key string) bool {
	a := s.types[typ].find(key)
	if a == nil {
		return false
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.current != nil && a.current.progress.Load() == int32(callRunning)
}

// OneWayErrors is how many calls failed that nobody waited for.
func OneWayErrors(s *Silo) int64 { return s.oneWayErrors.Load() }

// Panics is how many turns panicked.
func Panics(s *Silo) int64 { return s.panics.Load() }

// Activations is how many of a type are in memory and not ending.
func Activations(s *Silo, typ string) int64 { return s.types[typ].live.Load() }

// Draining says that the silo takes no more calls from outside.
func Draining(s *Silo) bool { return s.draining.Load() }

// Rejoins is how often the silo went on as a new incarnation.
func Rejoins(s *Silo) int64 { return s.rejoins.Load() }

// Connected says that the silo reaches NATS.
func Connected(s *Silo) bool { return s.nc.IsConnected() && s.heart.IsConnected() }

// Members is how many silos there are in the silo's view.
func Members(s *Silo) int { return len(s.router.View().Members) }

// PassedOn is how many calls are passed on to other silos right now.
func PassedOn(s *Silo) int { return len(s.proxies) }

// Idle says that a grain is in memory and nothing runs or waits there: an answer leaves
// shortly before that.
func Idle(s *Silo, typ, key string) bool {
	a := s.types[typ].find(key)
	if a == nil {
		return false
	}
	_, idle := a.idleSince()
	return idle
}
