package silo_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/descriptorpb"

	"github.com/teff-dev/teff/grain"
	"github.com/teff-dev/teff/internal/wire"
	"github.com/teff-dev/teff/silo"
	"github.com/teff-dev/teff/silo/silotest"
)

const blankType = "probe.v1.Blank"

// pingSoon calls a blank, and gives up after a while.
func pingSoon(t *testing.T, c grain.Caller, key string) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	return ping(ctx, c, key)
}

// Behaviour E9: a type that one silo hosts runs only there. A type that nobody hosts is
// refused at once, and one whose silos are all gone is not available; it is again when
// one comes that hosts it.
func TestBehaviourE9ATypeOfSomeSilos(t *testing.T) {
	sc := counting(new(census))
	c := silotest.New(t, silotest.Grains(sc.kind()), silotest.Silos(2), silotest.Heartbeat(brisk))
	blanks := func(cfg *silo.Config) { cfg.Grains = []grain.Kind{blankKind()} }

	for name, from := range map[string]grain.Caller{"silo": c.Silo(0), "client": c.Client()} {
		if err := pingSoon(t, from, "k"); !errors.Is(err, grain.CodeUnimplemented) || !strings.Contains(err.Error(), blankType) {
			t.Errorf("a type that nobody hosts, called from a %s: %v", name, err)
		}
	}
	wantDoorCode(t, c, grain.CodeUnimplemented)

	third := c.Add(blanks)
	settled(t, c)
	for i := range 20 {
		if key := strings.Repeat("k", i+1); c.Owner(blankType, key) != third {
			t.Errorf("silo %d owns a blank", c.Owner(blankType, key))
		}
	}
	for i := range 3 {
		if err := ping(t.Context(), c.Silo(i), "k"); err != nil {
			t.Errorf("from silo %d: %v", i, err)
		}
	}
	for range 10 { // whichever silo gets it
		if reply, err := c.NATS().Request(doorOf(blankType, "k", "Ping"), []byte("{}"), 5*time.Second); err != nil || string(reply.Data) != "{}" {
			t.Errorf("at the door: %v, %v", reply, err)
		}
	}
	mustDo(t, c.Silo(third), "x", "add") // that silo calls the others' type too
	if n := silo.Activations(c.Silo(third), blankType); n != 1 {
		t.Errorf("%d blanks where they are hosted, want 1", n)
	}

	c.Kill(third)
	settled(t, c)
	for name, from := range map[string]grain.Caller{"silo": c.Silo(0), "client": c.Client()} {
		if err := pingSoon(t, from, "k"); !errors.Is(err, grain.CodeUnavailable) || !strings.Contains(err.Error(), blankType) {
			t.Errorf("a type whose silos are gone, called from a %s: %v", name, err)
		}
	}
	waiting := make(chan error, 1)
	go func() { waiting <- ping(context.Background(), c.Client(), "k") }()
	c.Add(blanks)
	if err := <-waiting; err != nil {
		t.Errorf("a call that waited for the type: %v", err)
	}
}

// wantDoorCode pings a blank at the door.
func wantDoorCode(t *testing.T, c *silotest.Cluster, code grain.Code) {
	t.Helper()
	for range 5 {
		reply, err := c.NATS().Request(doorOf(blankType, "k", "Ping"), nil, 5*time.Second)
		if err != nil {
			t.Fatal(err)
		}
		if err := wire.DecodeError(wire.Header(reply.Header), reply.Data); err == nil {
			t.Error("it was served")
		} else {
			wantCode(t, err, code)
		}
	}
}

// Any silo may be asked what a type looks like, whether it hosts it or not.
func TestAnySiloDescribesAnyType(t *testing.T) {
	c := silotest.New(t, silotest.Silos(3), silotest.Config(func(cfg *silo.Config) {
		if cfg.Name == "silo-2" {
			cfg.Grains = []grain.Kind{blankKind()}
		}
	}))
	for range 20 {
		reply, err := c.NATS().Request("teff.describe."+wire.TypeToken(blankType), nil, 5*time.Second)
		if err != nil {
			t.Fatal(err)
		}
		set := new(descriptorpb.FileDescriptorSet)
		if err := proto.Unmarshal(reply.Data, set); err != nil || len(set.GetFile()) == 0 {
			t.Fatalf("%v, %d files, header %v", err, len(set.GetFile()), reply.Header)
		}
		reply, err = c.NATS().Request("teff.describe.bank-v1-Nobody", nil, 5*time.Second)
		if err != nil {
			t.Fatal(err)
		}
		if got := wire.DecodeError(wire.Header(reply.Header), reply.Data); got == nil {
			t.Error("a type that nobody hosts was described")
		} else {
			wantCode(t, got, grain.CodeUnimplemented)
		}
	}
}

// Behaviour E10: who does not fit is refused, with the reason, and who is there goes on.
func TestBehaviourE10WhoDoesNotFit(t *testing.T) {
	c := silotest.New(t, silotest.Grains(counting(new(census)).kind()), silotest.Heartbeat(brisk))
	epoch := c.View().GetEpoch()
	for name, wrong := range map[string]struct {
		edit func(*silo.Config)
		says []string
	}{
		"partitions": {func(cfg *silo.Config) { cfg.Partitions = 512 }, []string{"512", "1024", "Partitions"}},
		"store":      {func(cfg *silo.Config) { cfg.Store, cfg.DataDir = nil, t.TempDir() }, []string{"another store", "Config.Store", "Config.Cluster"}},
	} {
		_, err := c.TryAdd(wrong.edit)
		if err == nil {
			t.Errorf("%s: it joined", name)
		} else if !containsAll(err.Error(), wrong.says...) {
			t.Errorf("%s: it says %q, want %q", name, err, wrong.says)
		}
	}
	mustDo(t, c.Client(), "k", "add")
	settled(t, c)
	if got := c.View().GetEpoch(); got != epoch {
		t.Errorf("view %d, and %d before", got, epoch)
	}
}

// Another cluster name on the same NATS server is another cluster.
func TestTwoClustersOfOneServer(t *testing.T) {
	c := silotest.New(t, silotest.Grains(counting(new(census)).kind()), silotest.Silos(1))
	other := c.Add(func(cfg *silo.Config) {
		cfg.Cluster, cfg.Store, cfg.DataDir = "other", nil, t.TempDir()
		cfg.Grains = []grain.Kind{blankKind()}
	})
	if err := pingSoon(t, c.Silo(0), "k"); !errors.Is(err, grain.CodeUnimplemented) {
		t.Errorf("the other cluster's type: %v", err)
	}
	if err := ping(t.Context(), c.Silo(other), "k"); err != nil {
		t.Error(err)
	}
	if n := len(c.View().GetMembers()); n != 1 {
		t.Errorf("%d members, want 1", n)
	}
}
