//go:build linux

package faults

import (
	"context"
	"io"
	"net"
	"sync/atomic"
	"time"
)

// A lateDialer makes connections by which everything arrives late, once it is told so.
type lateDialer struct {
	by *atomic.Int64
}

// Dial implements nats.CustomDialer.
func (d lateDialer) Dial(network, address string) (net.Conn, error) {
	conn, err := net.DialTimeout(network, address, 2*time.Second)
	if err != nil {
		return nil, err
	}
	c := &lateConn{Conn: conn, chunks: make(chan chunk, 1<<16), closed: make(chan struct{})}
	go c.read(d.by) // until the connection ends
	return c, nil
}

// A lateConn reads ahead, and shows what it has read a while later.
type lateConn struct {
	net.Conn
	chunks chan chunk
	rest   []byte
	closed chan struct{} // closed when what comes is of interest to nobody
	once   atomic.Bool
}

type chunk struct {
	at   time.Time
	data []byte
}

func (c *lateConn) read(by *atomic.Int64) {
	defer close(c.chunks)
	for {
		data := make([]byte, 32<<10)
		n, err := c.Conn.Read(data)
		if n > 0 {
			select {
			case c.chunks <- chunk{time.Now().Add(time.Duration(by.Load())), data[:n]}:
			case <-c.closed:
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// Read returns what arrived a while ago.
func (c *lateConn) Read(p []byte) (int, error) {
	for len(c.rest) == 0 {
		next, ok := <-c.chunks
		if !ok {
			return 0, io.EOF
		}
		if d := time.Until(next.at); d > 0 {
			_ = wait(context.Background(), d)
		}
		c.rest = next.data
	}
	n := copy(p, c.rest)
	c.rest = c.rest[n:]
	return n, nil
}

// Close ends the reading, too.
func (c *lateConn) Close() error {
	if c.once.CompareAndSwap(false, true) {
		close(c.closed)
	}
	return c.Conn.Close()
}
