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
// by the next Write.
type spool struct {
	net.Conn

	mu      sync.Mutex
	more    sync.Cond // there is something to write, or closed
	room    sync.Cond // there is room again, or err is set
	pending []byte
	err     error // of a write, or of being closed
	closed  bool
	timeout time.Duration // of one write; zero: none
	done    chan struct{} // closed when all is written that will be
}

const (
	spoolLimit = 1 << 20   // bytes that wait; beyond, Write blocks
	spoolKeep  = 256 << 10 // a buffer that grew larger is not kept
	closeWait  = 250 * time.Millisecond
)

func newSpool(c net.Conn) *spool {
	s := &spool{Conn: c, done: make(chan struct{})}
	s.more.L, s.room.L = &s.mu, &s.mu
	go s.run() // until Close
	return s
}

// Write implements net.Conn.
func (s *spool) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.pending) >= spoolLimit && s.err == nil {
		s.room.Wait()
	}
	if s.err != nil {
		return 0, s.err
	}
	if len(s.pending) == 0 {
		s.more.Signal()
	}
	s.pending = append(s.pending, p...)
	return len(p), nil
}

// run writes until there is an error, or nothing left after Close.
func (s *spool) run() {
	defer close(s.done)
	var buf []byte
	for {
		buf = s.next(buf)
		if buf == nil {
			return
		}
		if _, err := s.Conn.Write(buf); err != nil {
			s.fail(err)
			return
		}
	}
}

// next exchanges an empty buffer for what is to be written; nil when that was all.
func (s *spool) next(empty []byte) []byte {
	s.mu.Lock()
	for len(s.pending) == 0 {
		if s.closed {
			s.mu.Unlock()
			return nil
		}
		s.more.Wait()
	}
	s.mu.Unlock()
	// Who is ready to publish does so first, and what it publishes costs no write of its
	// own: this is where most of the gain is when many calls are under way.
	runtime.Gosched()
	s.mu.Lock()
	defer s.mu.Unlock()
	if cap(empty) > spoolKeep {
		empty = nil
	}
	full := s.pending
	s.pending = empty[:0]
	if len(full) >= spoolLimit {
		s.room.Broadcast()
	}
	if s.timeout > 0 && !s.closed {
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
	s.pending = nil
	s.room.Broadcast()
}

// Close implements net.Conn. What was written before has a moment to leave.
func (s *spool) Close() error {
	s.mu.Lock()
	if !s.closed {
		s.closed = true
		if s.err == nil {
			s.err = net.ErrClosed
		}
		_ = s.Conn.SetWriteDeadline(time.Now().Add(closeWait)) // a closed one needs none
		s.more.Signal()
		s.room.Broadcast()
	}
	s.mu.Unlock()
	<-s.done
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

