package bus

// Waiting is how many requests await their reply.
func Waiting(m *Mux) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.waiting)
}
