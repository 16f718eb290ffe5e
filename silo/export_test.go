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
	if a.current != nil {
		n++
	}
	return n
}

// Revoke makes the silo one whose turns may neither commit nor answer.
func Revoke(s *Silo) { s.revoked.Store(true) }
