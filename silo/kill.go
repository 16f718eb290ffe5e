package silo

import "context"

// kill ends the silo without a word to anyone, as the end of its process would. What was
// under way may neither commit nor answer any more; no hook runs; the others find out by
// its silence. It is for tests, by way of internal/rig: where its connections are cut
// before, the cluster cannot tell it from kill -9.
func (s *Silo) kill() {
	s.stopOnce.Do(func() {
		s.draining.Store(true) // it does not come back as another incarnation
		s.shut.Store(true)
		s.revoked.Store(true)
		close(s.stopped)
		s.end()
		s.present.Load().leave()
		grace, cancel := context.WithTimeout(context.Background(), cancelGrace)
		defer cancel()
		if stuck := s.workers.close(grace); len(stuck) > 0 {
			s.stopErr = stuckError(stuck)
		}
		s.awaitBackground()
		s.release()
	})
}
