package bus

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// slowConn is a connection whose every write waits to be let go.
type slowConn struct {
	net.Conn // nil: nothing but Write, Close and SetWriteDeadline is called
	let      chan error
	writes   chan string
}

func newSlowConn() *slowConn {
	return &slowConn{let: make(chan error, 10), writes: make(chan string, 10)}
}

func (c *slowConn) Write(p []byte) (int, error) {
	err := <-c.let
	c.writes <- string(p) // not before: the buffer must stay as it is until now
	return len(p), err
}

func (c *slowConn) Close() error                     { return nil }
func (c *slowConn) SetWriteDeadline(time.Time) error { return nil }

func mustWrite(t *testing.T, w io.Writer, p string) {
	t.Helper()
	if n, err := io.WriteString(w, p); n != len(p) || err != nil {
		t.Fatalf("Write returned %d, %v", n, err)
	}
}

func TestWhatComesDuringAWriteLeavesInOnePiece(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newSlowConn()
		s := newSpool(c)
		mustWrite(t, s, "a")
		synctest.Wait() // the first is under way
		for _, p := range []string{"b", "c", "d"} {
			mustWrite(t, s, p)
		}
		c.let <- nil
		c.let <- nil
		synctest.Wait()
		mustWrite(t, s, "e")
		c.let <- nil
		if err := s.Close(); err != nil { // e leaves before
			t.Error(err)
		}
		close(c.writes)
		var got []string
		for w := range c.writes {
			got = append(got, w)
		}
		if strings.Join(got, " ") != "a bcd e" {
			t.Errorf("the writes were %q", got)
		}
	})
}

func TestAFailedWriteIsToldToTheNext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newSlowConn()
		s := newSpool(c)
		mustWrite(t, s, "a")
		broken := errors.New("broken")
		c.let <- broken
		synctest.Wait()
		for range 2 {
			if n, err := s.Write([]byte("b")); n != 0 || !errors.Is(err, broken) {
				t.Errorf("Write returned %d, %v", n, err)
			}
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if len(c.writes) != 1 {
			t.Errorf("there were %d writes", len(c.writes))
		}
	})
}

func TestAFullSpoolMakesWritersWait(t *testing.T) {
	for name, end := range map[string]func(*slowConn, *spool){
		"until there is room": func(c *slowConn, _ *spool) { c.let <- nil; c.let <- nil },
		"until it fails":      func(c *slowConn, _ *spool) { c.let <- io.ErrUnexpectedEOF },
		"until it is closed":  func(_ *slowConn, s *spool) { go s.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newSlowConn()
				s := newSpool(c)
				mustWrite(t, s, "a")
				synctest.Wait()
				mustWrite(t, s, string(make([]byte, spoolLimit)))
				done := make(chan error, 1)
				go func() {
					_, err := s.Write([]byte("b"))
					done <- err
				}()
				synctest.Wait()
				if len(done) != 0 {
					t.Fatal("it did not wait")
				}
				end(c, s)
				if err := <-done; (err == nil) != (name == "until there is room") {
					t.Errorf("Write returned %v", err)
				}
				for range cap(c.let) - len(c.let) {
					c.let <- nil
				}
				_ = s.Close()
			})
		})
	}
}

// A peer that does not read: net.Pipe hands over nothing before it does.
func TestNeitherAWriteNorCloseWaitsForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		here, _ := net.Pipe()
		s := newSpool(here)
		_ = s.SetWriteDeadline(time.Now().Add(time.Minute))
		mustWrite(t, s, "a")
		_ = s.SetWriteDeadline(time.Time{}) // as NATS's client does after a Write
		<-time.After(time.Minute + time.Second)
		synctest.Wait()
		if _, err := s.Write([]byte("b")); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("after a minute Write returned %v", err)
		}
		_ = s.Close()

		here, _ = net.Pipe()
		s = newSpool(here)
		mustWrite(t, s, "a")
		synctest.Wait()
		start := time.Now()
		_ = s.Close()
		if d := time.Since(start); d != closeWait {
			t.Errorf("Close took %v", d)
		}
		if _, err := s.Write([]byte("b")); !errors.Is(err, net.ErrClosed) {
			t.Errorf("after Close, Write returned %v", err)
		}
	})
}

func TestAllBytesArriveInOrder(t *testing.T) {
	here, there := net.Pipe()
	s := newSpool(here)
	var want bytes.Buffer
	go func() {
		for i := range 10_000 {
			p := bytes.Repeat([]byte{byte(i)}, i%97)
			want.Write(p)
			if _, err := s.Write(p); err != nil {
				t.Error(err)
			}
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	got, err := io.ReadAll(there)
	if err != nil || !bytes.Equal(got, want.Bytes()) {
		t.Errorf("%d bytes arrived of %d, %v", len(got), want.Len(), err)
	}
}
