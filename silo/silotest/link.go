package silotest

import (
	"errors"
	"net"
	"sync"

	"github.com/teff-dev/teff/internal/bus"
)

var errCut = errors.New("the test has cut this silo off from NATS")

// A trunk is what leads to the NATS server: who reconnects finds the one that runs now.
type trunk struct {
	mu     sync.Mutex
	server *bus.Server // nil: it is down
}

// InProcessConn implements nats.InProcessConnProvider.
func (w *trunk) InProcessConn() (net.Conn, error) {
	w.mu.Lock()
	server := w.server
	w.mu.Unlock()
	if server == nil {
		return nil, errors.New("the test has stopped the NATS server")
	}
	return server.InProcessConn()
}

func (w *trunk) lead(to *bus.Server) {
	w.mu.Lock()
	w.server = to
	w.mu.Unlock()
}

// A link is one silo's way to the NATS server.
type link struct {
	trunk *trunk

	mu    sync.Mutex
	cut   bool
	held  chan struct{} // closed when bytes flow again; nil: they do
	conns map[*linkConn]struct{}
}

// InProcessConn implements nats.InProcessConnProvider.
func (l *link) InProcessConn() (net.Conn, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.cut {
		return nil, errCut
	}
	c, err := l.trunk.InProcessConn()
	if err != nil {
		return nil, err
	}
	lc := &linkConn{Conn: c, link: l, closed: make(chan struct{})}
	if l.conns == nil {
		l.conns = make(map[*linkConn]struct{})
	}
	l.conns[lc] = struct{}{}
	return lc, nil
}

// sever closes what there is, and refuses what is tried, until mend.
func (l *link) sever() {
	l.mu.Lock()
	l.cut = true
	conns := l.conns
	l.conns = nil
	l.mu.Unlock()
	for c := range conns {
		_ = c.Close() // it may have been closed by its owner
	}
}

func (l *link) mend() {
	l.mu.Lock()
	l.cut = false
	l.mu.Unlock()
}

// hold keeps all bytes where they are, both ways, until release.
func (l *link) hold() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.held == nil {
		l.held = make(chan struct{})
	}
}

func (l *link) release() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.held != nil {
		close(l.held)
		l.held = nil
	}
}

// A linkConn is one connection over a link.
type linkConn struct {
	net.Conn

	link   *link
	once   sync.Once
	closed chan struct{}
}

// wait returns when bytes may flow, or the connection is closed.
func (c *linkConn) wait() {
	c.link.mu.Lock()
	held := c.link.held
	c.link.mu.Unlock()
	if held == nil {
		return
	}
	select {
	case <-held:
	case <-c.closed:
	}
}

// Read implements net.Conn.
func (c *linkConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.wait() // what has come while it was held is not seen before
	return n, err
}

// Write implements net.Conn.
func (c *linkConn) Write(b []byte) (int, error) {
	c.wait()
	return c.Conn.Write(b)
}

// Close implements net.Conn.
func (c *linkConn) Close() error {
	c.once.Do(func() { close(c.closed) })
	c.link.mu.Lock()
	delete(c.link.conns, c)
	c.link.mu.Unlock()
	return c.Conn.Close()
}
