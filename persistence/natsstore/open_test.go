package natsstore

import (
	"errors"
	"strings"
	"testing"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/teff-dev/teff/grain"
)

func TestVersions(t *testing.T) {
	for version, ok := range map[string]bool{
		"2.12.0": true, "2.12.1-RC.1": true, "2.15.2": true, "3.0.0": true,
		"2.11.9": false, "2.2.0": false, "1.20.0": false, "": false, "two": false,
	} {
		err := checkVersion(version)
		if (err == nil) != ok {
			t.Errorf("%q: %v", version, err)
		}
		if err != nil && !strings.Contains(err.Error(), "upgrade") {
			t.Errorf("%q: the error does not say what to do: %v", version, err)
		}
	}
}

func TestNoJetStream(t *testing.T) {
	nc := connect(t, startServer(t, func(o *server.Options) { o.JetStream = false }))
	_, err := Open(t.Context(), nc, Options{Cluster: "test"})
	if err == nil || !strings.Contains(err.Error(), "start it with -js") {
		t.Errorf("got %v", err)
	}
}

func TestClusterNames(t *testing.T) {
	nc := connect(t, startServer(t, nil))
	for _, name := range []string{"", "a.b", "*", "UPPER", strings.Repeat("x", 65)} {
		if _, err := Open(t.Context(), nc, Options{Cluster: name}); grain.CodeOf(err) != grain.CodeInvalidArgument {
			t.Errorf("cluster %q: %v", name, err)
		}
	}
}

// A stream on which state would get lost or mixed up is left alone.
func TestForeignStreams(t *testing.T) {
	nc := connect(t, startServer(t, nil))
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*jetstream.StreamConfig){
		"layout":   func(c *jetstream.StreamConfig) { c.Metadata = map[string]string{layoutKey: "2"} },
		"stranger": func(c *jetstream.StreamConfig) { c.Metadata = nil },
		"history":  func(c *jetstream.StreamConfig) { c.MaxMsgsPerSubject = 5 },
		"age":      func(c *jetstream.StreamConfig) { c.MaxAge = 1e12 },
		"old":      func(c *jetstream.StreamConfig) { c.Discard = jetstream.DiscardOld },
		"memory":   func(c *jetstream.StreamConfig) { c.Storage = jetstream.MemoryStorage },
		"direct":   func(c *jetstream.StreamConfig) { c.AllowDirect = false },
		"batches":  func(c *jetstream.StreamConfig) { c.AllowAtomicPublish = false },
	} {
		l, err := newLayout(name)
		if err != nil {
			t.Fatal(err)
		}
		config := streamConfig(l, Options{})
		change(&config)
		if _, err := js.CreateStream(t.Context(), config); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		s, err := Open(t.Context(), nc, Options{Cluster: name})
		if !errors.Is(err, ErrForeign) {
			t.Errorf("%s: got %v", name, err)
		}
		if err == nil {
			s.Close()
		}
	}
}

// A stream that was lost does not give a revision again.
func TestALostStreamsRevisionsAreNotGivenAgain(t *testing.T) {
	nc := connect(t, startServer(t, nil))
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	seen := make(map[uint64]bool)
	for range 5 {
		s := openOn(t, nc, Options{}, hooks{})
		for _, grain := range []string{"a", "b", "c"} {
			r := uint64(mustCommit(t, s, set(grain, "1"))[0])
			if seen[r] || r < 1<<40 || r > 1<<53 {
				t.Errorf("revision %d was given again, or is out of range", r)
			}
			seen[r] = true
		}
		if err := js.DeleteStream(t.Context(), s.layout.stream()); err != nil {
			t.Fatal(err)
		}
	}
}
