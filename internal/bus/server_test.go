package bus_test

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/teff-dev/teff/internal/bus"
)

// embed starts a server of ours.
func embed(t testing.TB, o bus.ServerOptions) *bus.Server {
	t.Helper()
	if o.Listen == "" {
		o.Listen = "127.0.0.1:0"
	}
	if o.Logger == nil {
		o.Logger = quiet()
	}
	srv, err := bus.StartServer(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(srv.Stop)
	return srv
}

func TestServerSaysWhatIsWrong(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	const free = "127.0.0.1:0"
	for name, c := range map[string]struct {
		o    bus.ServerOptions
		says []string
	}{
		"no port":          {bus.ServerOptions{Listen: "127.0.0.1"}, []string{"HOST:PORT"}},
		"nothing":          {bus.ServerOptions{}, []string{"HOST:PORT"}},
		"port in words":    {bus.ServerOptions{Listen: "127.0.0.1:nats"}, []string{"from 0 to 65535"}},
		"port too high":    {bus.ServerOptions{Listen: "127.0.0.1:65536"}, []string{"from 0 to 65535"}},
		"port negative":    {bus.ServerOptions{Listen: "127.0.0.1:-1"}, []string{"from 0 to 65535"}},
		"not our address":  {bus.ServerOptions{Listen: "192.0.2.1:0"}, []string{"192.0.2.1:0"}},
		"port in use":      {bus.ServerOptions{Listen: taken.Addr().String()}, []string{taken.Addr().String(), "another silo", "choose another port"}},
		"store is a file":  {bus.ServerOptions{Listen: free, StoreDir: file}, []string{"JetStream", file}},
		"store in a file":  {bus.ServerOptions{Listen: free, StoreDir: filepath.Join(file, "sub")}, []string{"JetStream", file}},
		"mapping of none":  {bus.ServerOptions{Listen: free, MapFrom: "a..b", MapTo: "c"}, []string{"a..b"}},
		"mapping that bad": {bus.ServerOptions{Listen: free, MapFrom: "a.*", MapTo: "b.{{wildcard(7)}}"}, []string{"a.*", "b.{{wildcard(7)}}"}},
	} {
		t.Run(name, func(t *testing.T) {
			c.o.Logger = quiet()
			begun := time.Now()
			srv, err := bus.StartServer(c.o)
			if err == nil {
				srv.Stop()
				t.Fatal("it started")
			}
			for _, part := range c.says {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("%q is not in: %v", part, err)
				}
			}
			if took := time.Since(begun); took > 10*time.Second {
				t.Errorf("it took %s", took)
			}
		})
	}
}

func TestServersOnFreePorts(t *testing.T) {
	a, b := embed(t, bus.ServerOptions{}), embed(t, bus.ServerOptions{})
	if a.URL() == b.URL() || !strings.HasPrefix(a.URL(), "nats://127.0.0.1:") || strings.HasSuffix(a.URL(), ":0") {
		t.Errorf("%s and %s", a.URL(), b.URL())
	}
	for _, srv := range []*bus.Server{a, b} {
		if nc := dial(t, bus.Options{URL: srv.URL()}); nc.ConnectedUrl() != srv.URL() {
			t.Errorf("connected to %s", nc.ConnectedUrl())
		}
	}
}

// A silo's own connection does not go over the network, and sees what others publish.
func TestServerInProcess(t *testing.T) {
	srv := embed(t, bus.ServerOptions{MapFrom: "door.*", MapTo: "part.{{wildcard(1)}}", Name: "teff-x"})
	inside, outside := dial(t, bus.Options{Server: srv}), dial(t, bus.Options{URL: srv.URL()})
	serve(t, inside, "part.*", echo)
	reply, err := outside.Request("door.alice", []byte("hello"), patience)
	if err != nil || string(reply.Data) != "hello" {
		t.Errorf("got %v, %v", reply, err)
	}
	if inside.ConnectedServerName() != "teff-x" {
		t.Errorf("the server is called %q", inside.ConnectedServerName())
	}
	if _, err := new(bus.Server).InProcessConn(); err == nil {
		t.Error("a server that was never started gave a connection")
	}
}

// What JetStream has stored is there again after a restart; without a directory there is
// no JetStream.
func TestServerJetStream(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "not", "there", "yet")
	for round := range 2 {
		srv := embed(t, bus.ServerOptions{StoreDir: dir})
		js, err := dial(t, bus.Options{Server: srv}).JetStream()
		if err != nil {
			t.Fatal(err)
		}
		kv, err := js.KeyValue("b")
		if round == 0 {
			kv, err = js.CreateKeyValue(&nats.KeyValueConfig{Bucket: "b"})
		}
		if err != nil {
			t.Fatal(err)
		}
		if round == 0 {
			_, err = kv.PutString("k", "v")
		} else if entry, getErr := kv.Get("k"); getErr != nil || string(entry.Value()) != "v" {
			t.Errorf("after the restart: %v, %v", entry, getErr)
		}
		if err != nil {
			t.Fatal(err)
		}
		srv.Stop()
	}
	js, err := dial(t, bus.Options{Server: embed(t, bus.ServerOptions{})}).JetStream()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := js.AccountInfo(); err == nil {
		t.Error("there is JetStream without a directory")
	}
}

func TestServerStop(t *testing.T) {
	srv := embed(t, bus.ServerOptions{StoreDir: t.TempDir()})
	nc := dial(t, bus.Options{URL: srv.URL()})
	where := strings.TrimPrefix(srv.URL(), "nats://")
	srv.Stop()
	srv.Stop() // twice is safe
	waitFor(t, func() bool { return !nc.IsConnected() })
	if c, err := net.Dial("tcp", where); err == nil {
		c.Close()
		t.Error("it still listens")
	}
	again := embed(t, bus.ServerOptions{Listen: where})
	waitFor(t, nc.IsConnected)
	if again.URL() != "nats://"+where {
		t.Errorf("it listens on %s", again.URL())
	}
}
