package faults

import (
	"context"
	"io"
	"net"
	"time"

	"github.com/teff-dev/teff/grain"
	faultsv1 "github.com/teff-dev/teff/internal/faults/faults/v1"
	"github.com/teff-dev/teff/internal/faults/faults/v1/faultsv1teff"
)

// callLocally reads registers from within a silo: those that it owns need no network, and
// so press against its lease until the last moment of it.
func callLocally(ctx context.Context, caller grain.Caller, seed int) {
	skip := make(map[string]time.Time) // not here, when last tried
	for i := seed; ctx.Err() == nil; i++ {
		key := registerKey(i % registers)
		if until := skip[key]; time.Now().Before(until) {
			_ = wait(ctx, time.Millisecond/4) // its end shows in the loop's condition
			continue
		}
		try, cancel := context.WithTimeout(ctx, localPatience)
		_, err := faultsv1teff.RegisterOf(caller, key).Read(try, &faultsv1.ReadRequest{})
		cancel()
		if err != nil {
			skip[key] = time.Now().Add(localAgain)
		}
		_ = wait(ctx, time.Millisecond)
	}
}

const (
	localPatience = 20 * time.Millisecond
	localAgain    = time.Second
)

// A lateDialer makes connections by which everything arrives late.
type lateDialer struct {
	by time.Duration
}

// Dial implements nats.CustomDialer.
func (d lateDialer) Dial(network, address string) (net.Conn, error) {
	conn, err := net.DialTimeout(network, address, 2*time.Second)
	if err != nil {
		return nil, err
	}
	c := &lateConn{Conn: conn, chunks: make(chan chunk, 1<<16)}
	go c.read(d.by) // until the connection ends
	return c, nil
}

type lateConn struct {
	net.Conn
	chunks chan chunk
	rest   []byte
}

type chunk struct {
	at   time.Time
	data []byte
}

func (c *lateConn) read(by time.Duration) {
	defer close(c.chunks)
	for {
		data := make([]byte, 32<<10)
		n, err := c.Conn.Read(data)
		if n > 0 {
			c.chunks <- chunk{time.Now().Add(by), data[:n]}
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
		_ = wait(context.Background(), time.Until(next.at))
		c.rest = next.data
	}
	n := copy(p, c.rest)
	c.rest = c.rest[n:]
	return n, nil
}
