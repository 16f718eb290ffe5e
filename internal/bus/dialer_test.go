package bus

import (
	"net"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
)

// ownDialer is a user's.
type ownDialer struct{ dialed *int }

func (d ownDialer) Dial(string, string) (net.Conn, error) {
	*d.dialed++
	here, _ := net.Pipe()
	return here, nil
}

func (ownDialer) SkipTLSHandshake() bool { return true }

func TestTheDialerOfAUserIsUsed(t *testing.T) {
	dialed := 0
	o := nats.Options{CustomDialer: ownDialer{&dialed}}
	if err := spooled(&o); err != nil {
		t.Fatal(err)
	}
	c, err := o.CustomDialer.Dial("tcp", "here")
	if err != nil || dialed != 1 {
		t.Fatalf("dialed %d times, %v", dialed, err)
	}
	if _, ok := c.(*spool); !ok {
		t.Errorf("the connection is a %T", c)
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	if d, _ := o.CustomDialer.(dialer); !d.SkipTLSHandshake() {
		t.Error("who does TLS in the dialer is made to do it again")
	}
}

func TestADialersSettingsAreKept(t *testing.T) {
	inner := func(o nats.Options) *net.Dialer {
		t.Helper()
		if err := spooled(&o); err != nil {
			t.Fatal(err)
		}
		d, _ := o.CustomDialer.(dialer)
		if d.SkipTLSHandshake() {
			t.Error("a plain dialer does no TLS")
		}
		plain, _ := d.CustomDialer.(*net.Dialer)
		return plain
	}
	if d := inner(nats.Options{Timeout: time.Minute}); d.Timeout != time.Minute {
		t.Errorf("the timeout is %v", d.Timeout)
	}
	yes := true
	d := inner(nats.Options{Dialer: &net.Dialer{Timeout: time.Hour}, AllowMultipathTCP: &yes})
	if d.Timeout != time.Hour || !d.MultipathTCP() {
		t.Errorf("the timeout is %v, multipath %t", d.Timeout, d.MultipathTCP())
	}
}
