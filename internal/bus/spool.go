package bus

import (
	"net"
	"runtime"
	"sync"
	"time"
)

// A spool is a connection that writes in the background, in one piece what came while it
// wrote before. NATS's client holds a lock while it writes, and writes as soon as there
// is something: it would make a system call for almost every message, and let nobody
// publish meanwhile.
//
// What is spooled when the connection breaks or is closed is lost with it, as what the
// kernel has buffered is; it never leaves later. An error of the background is returned
// by the next Write. There is a goroutine only while there is something to write: NATS's
// client does not close every connection that it gives up.
type spool struct {
	net.Conn

	mu      sync.Mutex
	changed sync.Cond // err, writing, or that pending is full
	pending []byte
	spare   []byte // empty, or nil
	writing bool   // run runs. Invariant: if not, nothing is pending
	err     error  // of a write, or of being closed
	timeout time.Duration
}

const (
	spoolLimit = 1 << 20   // bytes that wait; beyond, Write blocks
	spoolKeep  = 256 << 10 // a buffer that grew larger is not kept
	closeWait  = 250 * time.Millisecond
)

func newSpool(c net.Conn) *spool {
	s := &spool{Conn: c}
	s.changed.L = &s.mu
	return s
}

// Write implements net.Conn.
func (s *spool) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.pending) >= spoolLimit && s.err == nil {
		s.changed.Wait()
	}
	if s.err != nil {
		return 0, s.err
	}
	s.pending = append(s.pending, p...)
	if !s.writing {
		s.writing = true
		go s.run() // until nothing is pending, or an error; Close waits for it
	}
	return len(p), nil
}

func (s *spool) run() {
	for {
		// Who is ready to publish does so first, and what it publishes costs no write of
		// its own: this is where most of the gain is when many calls are under way.
		runtime.Gosched()
		buf := s.next()
		if buf == nil {
			return
		}
		if _, err := s.Conn.Write(buf); err != nil {
			s.fail(err)
			return
		}
		s.keep(buf)
	}
}

// next takes what is pending. Nil means that nothing is, and that run has ended.
func (s *spool) next() []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	full := s.pending
	if len(full) == 0 {
		s.writing = false
		s.changed.Broadcast()
		return nil
	}
	s.pending, s.spare = s.spare, nil
	if len(full) >= spoolLimit {
		s.changed.Broadcast()
	}
	if s.timeout > 0 && s.err == nil {
		_ = s.Conn.SetWriteDeadline(time.Now().Add(s.timeout)) // Write tells what is wrong
	}
	return full
}

// keep has a buffer filled again that was written.
func (s *spool) keep(buf []byte) {
	if cap(buf) > spoolKeep {
		return
	}
	s.mu.Lock()
	s.spare = buf[:0]
	s.mu.Unlock()
}

func (s *spool) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil {
		s.err = err
	}
	s.pending, s.writing = nil, false
	s.changed.Broadcast()
}

// Close implements net.Conn. What was written before has a moment to leave.
func (s *spool) Close() error {
	s.mu.Lock()
	if s.err == nil {
		s.err = net.ErrClosed
		s.changed.Broadcast()
	}
	if s.writing {
		_ = s.Conn.SetWriteDeadline(time.Now().Add(closeWait)) // a closed one needs none
	}
	for s.writing {
		s.changed.Wait()
	}
	s.mu.Unlock()
	return s.Conn.Close()
}

// SetWriteDeadline implements net.Conn: how long a Write may take from now is how long
// each write in the background may. Zero changes nothing, since what is to be written
// is still limited by the deadline that it was handed over with.
func (s *spool) SetWriteDeadline(t time.Time) error {
	if t.IsZero() {
		return nil
	}
	s.mu.Lock()
	s.timeout = max(time.Until(t), 1)
	s.mu.Unlock()
	return nil
}

// SetDeadline implements net.Conn.
func (s *spool) SetDeadline(t time.Time) error {
	_ = s.SetWriteDeadline(t) // has no error
	return s.SetReadDeadline(t)
}
