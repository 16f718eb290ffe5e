package silo_test

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/teff-dev/teff/grain"
	"github.com/teff-dev/teff/persistence/memstore"
	"github.com/teff-dev/teff/silo"
)

// TestStartSaysWhatIsWrongWithTheConfiguration: each sentence names the field, and the
// way out. Nothing was opened before.
func TestStartSaysWhatIsWrongWithTheConfiguration(t *testing.T) {
	sc := &script{}
	for name, c := range map[string]struct {
		cfg  silo.Config
		says []string
	}{
		"cluster":              {silo.Config{Cluster: "My Cluster"}, []string{`"My Cluster"`, "from a to z"}},
		"partitions, negative": {silo.Config{Partitions: -1}, []string{"Config.Partitions is -1", "from 1 to 16384"}},
		"partitions, too many": {silo.Config{Partitions: 16385}, []string{"Config.Partitions is 16385", "from 1 to 16384"}},
		"call timeout":         {silo.Config{CallTimeout: -time.Second}, []string{"Config.CallTimeout is -1s", "negative"}},
		"idle scan":            {silo.Config{IdleScan: -1}, []string{"Config.IdleScan is -1ns", "negative"}},
		"hook timeout":         {silo.Config{HookTimeout: -1}, []string{"Config.HookTimeout is -1ns", "negative"}},
		"drain timeout":        {silo.Config{DrainTimeout: -1}, []string{"Config.DrainTimeout is -1ns", "negative"}},
		"cap":                  {silo.Config{MaxActivations: -1}, []string{"Config.MaxActivations is -1", "negative"}},
		"zero kind":            {silo.Config{Grains: []grain.Kind{{}}}, []string{"Config.Grains", "generated code makes kinds"}},
		"kind twice":           {silo.Config{Grains: []grain.Kind{sc.kind(), blankKind(), sc.kind()}}, []string{probeType, "twice"}},
		"mailbox":              {silo.Config{Grains: []grain.Kind{sc.kind(grain.Mailbox(0))}}, []string{"Mailbox(0)", probeType, "at least one"}},
		"cap of a kind":        {silo.Config{Grains: []grain.Kind{sc.kind(grain.MaxActivations(-2))}}, []string{"MaxActivations(-2)", probeType, "not negative"}},
	} {
		t.Run(name, func(t *testing.T) {
			c.cfg.Store, c.cfg.DataDir = untouched{}, t.TempDir()
			err := startFails(t, c.cfg)
			if wantCode(t, err, grain.CodeInvalidArgument); !containsAll(err.Error(), c.says...) {
				t.Errorf("it says %q, want %q", err, c.says)
			}
		})
	}
}

// untouched is a store that must not be used.
type untouched struct{ *memstore.Store }

// startFails returns the error of a start, and fails the test if there is none or if
// something is left running.
func startFails(t *testing.T, cfg silo.Config) error {
	t.Helper()
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	if cfg.Logger == nil {
		cfg.Logger = quiet()
	}
	s, err := silo.Start(t.Context(), cfg)
	if err == nil {
		_ = s.Stop(t.Context())
		t.Fatal("it started")
	}
	return err
}

func containsAll(text string, parts ...string) bool {
	for _, part := range parts {
		if !strings.Contains(text, part) {
			return false
		}
	}
	return true
}

func TestStartWhereTheAddressIsTaken(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr, dir := l.Addr().String(), t.TempDir()
	cfg := silo.Config{Listen: addr, DataDir: dir, Logger: quiet()}
	if err := startFails(t, cfg); !containsAll(err.Error(), "start silo", addr, "another silo", "choose another port") {
		t.Errorf("it says %q", err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	startsNow(t, cfg) // the store was let go
}

// startsNow starts a silo with a configuration that failed before, and stops it.
func startsNow(t *testing.T, cfg silo.Config) {
	t.Helper()
	s, err := silo.Start(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Stop(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestStartWithAnAddressThatIsNone(t *testing.T) {
	for _, listen := range []string{"4222", "localhost:nats", "127.0.0.1:70000"} {
		cfg := silo.Config{Listen: listen, DataDir: t.TempDir()}
		if err := startFails(t, cfg); !containsAll(err.Error(), "start silo", listen) {
			t.Errorf("it says %q", err)
		}
	}
}

func TestStartWhereTheDataDirectoryIsInUse(t *testing.T) {
	cfg := silo.Config{DataDir: t.TempDir(), Logger: quiet()}
	first, err := silo.Start(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := startFails(t, cfg); !containsAll(err.Error(), "start silo", cfg.DataDir, "in use", "name another directory") {
		t.Errorf("it says %q", err)
	}
	if err := first.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	startsNow(t, cfg)
}

func TestStartWhereTheDataDirectoryIsAFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "notes.txt")
	if err := os.WriteFile(file, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{file, filepath.Join(file, "below")} {
		err := startFails(t, silo.Config{DataDir: dir, Logger: quiet()})
		if !containsAll(err.Error(), "start silo", dir, file+" is a file", "name another directory") {
			t.Errorf("it says %q", err)
		}
	}
}

func TestStartWithoutTheNATSServer(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0") // a port where nobody is, once it is closed
	if err != nil {
		t.Fatal(err)
	}
	url := "nats://" + l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	cfg := silo.Config{NATS: url, DataDir: t.TempDir(), Logger: quiet()}
	if err := startFails(t, cfg); !containsAll(err.Error(), "start silo", "connect to NATS at "+url) {
		t.Errorf("it says %q", err)
	}
}

func TestStartOfASecondSilo(t *testing.T) {
	url := outside(t)
	first := start(t, silo.Config{NATS: url, Name: "the first"})
	cfg := silo.Config{NATS: url, DataDir: t.TempDir(), Logger: quiet()}
	err := startFails(t, cfg)
	if wantCode(t, err, grain.CodeFailedPrecondition); !containsAll(err.Error(), "start silo", "the first", "Config.Cluster") {
		t.Errorf("it says %q", err)
	}
	other := cfg
	other.Cluster = "another"
	startsNow(t, other)
	if err := first.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	startsNow(t, cfg)
}

// down is a store that does not answer.
type down struct{ *memstore.Store }

func (down) NextGeneration(context.Context) (uint64, error) {
	return 0, errors.New("connection refused")
}

func TestStartWithoutTheStore(t *testing.T) {
	cfg := silo.Config{Store: down{memstore.New()}, DataDir: t.TempDir()}
	if err := startFails(t, cfg); !containsAll(err.Error(), "start silo", "generation", "connection refused") {
		t.Errorf("it says %q", err)
	}
}

func TestStartThatIsGivenUp(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	_, err := silo.Start(ctx, silo.Config{DataDir: t.TempDir(), Logger: quiet()})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
