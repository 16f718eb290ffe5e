package client_test

import (
	"context"
	"net"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"github.com/teff-dev/teff/client"
	"github.com/teff-dev/teff/grain"
	"github.com/teff-dev/teff/persistence/memstore"
)

// outside is a NATS server that is not the silo's, and that a test restarts.
type outside struct {
	t   testing.TB
	srv *server.Server
	url string
	dir string // JetStream's
}

func startNATS(t testing.TB) *outside {
	t.Helper()
	o := &outside{t: t, dir: t.TempDir()}
	o.start(server.RANDOM_PORT)
	o.url = o.srv.ClientURL()
	t.Cleanup(o.stop)
	return o
}

func (o *outside) start(port int) {
	o.t.Helper()
	var err error
	o.srv, err = server.NewServer(&server.Options{Host: "127.0.0.1", Port: port, NoSigs: true, NoLog: true, JetStream: true, StoreDir: o.dir})
	if err != nil {
		o.t.Fatal(err)
	}
	o.srv.Start()
	if !o.srv.ReadyForConnections(patience) {
		o.t.Fatal("the NATS server is not ready")
	}
}

func (o *outside) stop() {
	o.srv.Shutdown()
	o.srv.WaitForShutdown()
}

func (o *outside) restart() {
	o.t.Helper()
	addr, ok := o.srv.Addr().(*net.TCPAddr)
	if !ok {
		o.t.Fatal(o.srv.Addr())
	}
	o.stop()
	o.start(addr.Port)
}

// A client outlives the silo that it knew: the next one is another incarnation, which the
// client finds without being told. While there is none, calls wait within their time.
func TestClientSurvivesTheSilo(t *testing.T) {
	bus, store := startNATS(t), memstore.New()
	c := connect(t, client.Config{NATS: bus.url})
	for want := int64(1); want <= 3; want++ {
		s := host(t, bus.url, store, nil)
		if got, err := count(t.Context(), c); got != want || err != nil {
			t.Fatalf("got %d, %v, want %d", got, err, want)
		}
		if err := s.Stop(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	type answer struct {
		number int64
		err    error
	}
	done := make(chan answer, 1)
	go func() { n, err := count(ctx, c); done <- answer{n, err} }() // nobody is there
	host(t, bus.url, store, nil)
	if got := <-done; got.number != 4 || got.err != nil {
		t.Errorf("got %+v, want 4: once for each call", got)
	}
}

// Behaviour E6: the NATS server restarts, and neither the silo nor the client needs to.
// A call whose message was on its way when the server went is lost with it, and its
// outcome unknown; the calls after it are served, and none twice.
func TestBehaviourE6NATSRestarts(t *testing.T) {
	bus := startNATS(t)
	s := host(t, bus.url, nil, nil)
	c := connect(t, client.Config{NATS: bus.url})
	calls, served, last := int64(0), int64(0), int64(0)
	for range 3 {
		waitFor(t, func() bool {
			ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
			defer cancel()
			calls++
			number, err := count(ctx, c)
			if err == nil {
				served++
				last = number
				return true
			}
			if code := grain.CodeOf(err); code != grain.CodeDeadlineExceeded && code != grain.CodeUnavailable {
				t.Errorf("while the server restarts: %v", err)
			}
			return false
		})
		if last < served || last > calls {
			t.Fatalf("%d calls, %d of them served, and the grain has counted %d", calls, served, last)
		}
		bus.restart()
	}
	if got, err := count(t.Context(), s); err != nil || got != last+1 {
		t.Errorf("in the silo: %d, %v, after %d", got, err, last)
	}
}

// While NATS is gone, calls that cannot be sent are tried for as long as they have time,
// and then say what is wrong.
func TestNATSIsGone(t *testing.T) {
	gone := startNATS(t)
	c := connect(t, client.Config{NATS: gone.url})
	gone.stop()
	const short = 200 * time.Millisecond
	for range 3 {
		ctx, cancel := context.WithTimeout(t.Context(), short)
		begun := time.Now()
		_, err := count(ctx, c)
		cancel()
		wantCode(t, err, grain.CodeUnavailable, true)
		if took := time.Since(begun); took > short+patience/10 {
			t.Errorf("a call with %s took %s", short, took)
		}
	}
}
