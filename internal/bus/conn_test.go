package bus_test

import (
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"github.com/teff-dev/teff/internal/bus"
)

func TestConnectionSettings(t *testing.T) {
	srv := outside(t, &server.Options{})
	nc := dial(t, bus.Options{URL: srv.ClientURL(), Name: "teff test", Extra: []nats.Option{nats.CustomInboxPrefix("_INBOX_alice")}})
	o := nc.Opts
	if o.MaxReconnect != -1 || o.ReconnectBufSize != -1 || !o.IgnoreAuthErrorAbort {
		t.Errorf("it gives up after %d tries, buffers %d, or a wrong password ends it: %t", o.MaxReconnect, o.ReconnectBufSize, !o.IgnoreAuthErrorAbort)
	}
	if dead := o.PingInterval * time.Duration(o.MaxPingsOut+1); dead > 10*time.Second {
		t.Errorf("a dead server is noticed after %s", dead)
	}
	if o.ReconnectWait > 500*time.Millisecond || o.Timeout > 5*time.Second {
		t.Errorf("it waits %s between tries, %s for one", o.ReconnectWait, o.Timeout)
	}
	conns, err := srv.Connz(&server.ConnzOptions{})
	if err != nil || len(conns.Conns) != 1 || conns.Conns[0].Name != "teff test" {
		t.Errorf("the server sees %+v, %v", conns, err)
	}
	if inbox := nc.NewInbox(); !strings.HasPrefix(inbox, "_INBOX_alice.") {
		t.Errorf("the user's own option is lost: the inbox is %s", inbox)
	}
}

// A connection mends itself, in whatever state the server comes back; what is published
// meanwhile fails at once, and does not leave later.
func TestConnectionMendsItself(t *testing.T) {
	srv := outside(t, &server.Options{Username: "u", Password: "right"})
	port := srv.Addr().(*net.TCPAddr).Port
	var told log
	nc := dial(t, bus.Options{URL: srv.ClientURL(), Logger: told.logger(), Extra: []nats.Option{nats.UserInfo("u", "right")}})
	got := make(chan *nats.Msg, 10)
	if _, err := nc.ChanSubscribe("news", got); err != nil {
		t.Fatal(err)
	}
	if err := nc.Flush(); err != nil {
		t.Fatal(err)
	}
	srv.Shutdown()
	srv.WaitForShutdown()
	waitFor(t, func() bool { return !nc.IsConnected() })
	if err := nc.Publish("news", []byte("stale")); !errors.Is(err, nats.ErrReconnectBufExceeded) {
		t.Errorf("publishing while cut off: %v", err)
	}
	waitFor(t, func() bool { return told.has("cut off from NATS") })

	wrong := outside(t, &server.Options{Port: port, Username: "u", Password: "another"})
	waitFor(t, func() bool { return strings.Count(told.text(), "authorization violation") > 3 }) // NATS's own default gives up at the second
	wrong.Shutdown()
	wrong.WaitForShutdown()

	right := outside(t, &server.Options{Port: port, Username: "u", Password: "right"})
	waitFor(t, func() bool { return nc.IsConnected() && right.NumSubscriptions() > 0 })
	waitFor(t, func() bool { return told.has("reconnected to NATS") })
	if err := nc.Publish("news", []byte("fresh")); err != nil {
		t.Fatal(err)
	}
	if msg := <-got; string(msg.Data) != "fresh" {
		t.Errorf("got %q, which is from before", msg.Data)
	}
}

func TestConnectSaysWhereAndKeepsSecrets(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	free := l.Addr().String()
	l.Close()
	srv := outside(t, &server.Options{Username: "u", Password: "p"})
	for name, url := range map[string]string{
		"nobody there":   "nats://u:secret@" + free,
		"wrong password": "nats://u:secret@" + srv.Addr().String(),
		"two of them":    "nats://u:secret@" + free + ",nats://v:secret@" + free,
		"no URL":         "nats://u:secret %zz@" + free,
	} {
		nc, err := bus.Connect(bus.Options{URL: url, Logger: quiet()})
		if err == nil {
			nc.Close()
			t.Fatalf("%s: connected", name)
		}
		if text := err.Error(); !strings.Contains(text, "127.0.0.1:") || strings.Contains(text, "secret") {
			t.Errorf("%s: %s", name, text)
		}
	}
	_, err = bus.Connect(bus.Options{URL: "nats://u:secret@" + srv.Addr().String(), Logger: quiet()})
	if !errors.Is(err, nats.ErrAuthorization) {
		t.Errorf("a wrong password is told as %v", err)
	}
}
