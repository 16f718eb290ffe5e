package bus_test

import (
	"bytes"
	"io"
	"log/slog"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"go.uber.org/goleak"

	"github.com/teff-dev/teff/internal/bus"
)

// Nothing that the tests start is left when they end.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func quiet() *slog.Logger { return slog.New(slog.NewTextHandler(io.Discard, nil)) }

// patience is how long a test waits for what surely comes.
const patience = 20 * time.Second

// waitFor returns when cond holds, where there is no event to wait for.
func waitFor(t *testing.T, cond func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !cond(); runtime.Gosched() {
		if time.Now().After(deadline) {
			t.Fatal("it never came to be")
		}
	}
}

// outside starts a NATS server that is not ours; port 0 is a free one.
func outside(t testing.TB, o *server.Options) *server.Server {
	t.Helper()
	o.Host, o.NoSigs, o.NoLog = "127.0.0.1", true, true
	if o.Port == 0 {
		o.Port = server.RANDOM_PORT
	}
	srv, err := server.NewServer(o)
	if err != nil {
		t.Fatal(err)
	}
	srv.Start()
	t.Cleanup(func() { srv.Shutdown(); srv.WaitForShutdown() })
	if !srv.ReadyForConnections(patience) {
		t.Fatal("the NATS server is not ready")
	}
	return srv
}

// dial connects as silos and clients do.
func dial(t testing.TB, o bus.Options) *nats.Conn {
	t.Helper()
	if o.Logger == nil {
		o.Logger = quiet()
	}
	nc, err := bus.Connect(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	return nc
}

// log is a logger whose text a test looks at.
type log struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *log) text() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

func (l *log) has(part string) bool { return strings.Contains(l.text(), part) }

func (l *log) logger() *slog.Logger { return slog.New(slog.NewTextHandler(l, nil)) }
