package bus

import (
	"net"
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
	writing bool   // run is started. Invariant: exactly when something is pending or being written
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
		s.start()
	}
	return len(p), nil
}

// start has what is pending written soon. Who is ready to publish does so first, and what
// it publishes costs no write of its own: this is where most of the gain is when many
// calls are under way. So run must not come first, as what was started last does: the
// second goroutine takes that place from it. (runtime.Gosched would send it far behind,
// where a busy machine forgets it.)
func (s *spool) start() {
	go s.run() // once; Close waits for it
	go func() {}()
}

// run writes once, what is pending then.
func (s *spool) run() {
	buf := s.next()
	if _, err := s.Conn.Write(buf); err != nil {
		s.fail(err)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if cap(buf) <= spoolKeep {
		s.spare = buf[:0]
	}
	if len(s.pending) > 0 {
		s.start()
		return
	}
	s.writing = false
	s.changed.Broadcast()
}

// next takes what is pending.
func (s *spool) next() []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	full := s.pending
	s.pending, s.spare = s.spare, nil
	if len(full) >= spoolLimit {
		s.changed.Broadcast()
	}
	if s.timeout > 0 && s.err == nil {
		_ = s.Conn.SetWriteDeadline(time.Now().Add(s.timeout)) // Write tells what is wrong
	}
	return full
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
