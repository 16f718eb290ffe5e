package main

import (
	"context"
	"io"
	"log/slog"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/teff-dev/teff/grain"
	"github.com/teff-dev/teff/internal/bus"
	"github.com/teff-dev/teff/internal/rig"
	"github.com/teff-dev/teff/persistence/memstore"
	"github.com/teff-dev/teff/silo"
)

// startPair starts two silos on one server and one store.
func startPair(t *testing.T) (ash, oak *silo.Silo) {
	t.Helper()
	logger := slog.New(slog.NewTextHandler(io.Discard, nil))
	srv, err := bus.StartServer(bus.ServerOptions{Listen: "127.0.0.1:0", StoreDir: t.TempDir(), Name: "test", Logger: logger})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(srv.Stop)
	store := memstore.New()
	var both [2]*silo.Silo
	for i, name := range []string{"ash", "oak"} {
		both[i], err = silo.Start(rig.With(t.Context(), &rig.Rig{Server: srv}), silo.Config{
			Name: name, Store: store, Logger: logger, Partitions: 64,
			Grains: []grain.Kind{newWatch().kind()}, Labels: map[string]string{"zone": name},
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := both[i].Stop(context.Background()); err != nil {
				t.Error(err)
			}
		})
	}
	t.Setenv("TEFF_NATS", srv.URL())
	untilShared(t, 2)
	return both[0], both[1]
}

// untilShared returns when teff view says that so many silos own all shards, each some of
// them, and that no move is under way.
func untilShared(t *testing.T, silos int) {
	t.Helper()
	var end ended
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); {
		end = type1("view").run(t.Context())
		owners, owned := 0, 0
		for line := range strings.Lines(end.out) {
			f := strings.Fields(line)
			if len(f) != 7 || f[3] != "shop.Cart" || f[5] != "0" || f[6] != "0" {
				continue
			}
			if n, err := strconv.Atoi(f[4]); err == nil && n > 0 {
				owners, owned = owners+1, owned+n
			}
		}
		if owners == silos && owned == 64 {
			return
		}
	}
	t.Fatalf("the shards were not shared out: %+v", end)
}

func TestViewAndItsVerbs(t *testing.T) {
	_, oak := startPair(t)
	golden(t, "members",
		type1("view"),
		type1("view", "-o", "json"),
		type1("ready"),
		type1("ready", "o"),
		type1("cordon", "oak"),
		type1("ls"),
		type1("uncordon", "-o", "json", "oa"),
		type1("cordon", "elm"),
		type1("cordon", ""),
	)
	golden(t, "drain", type1("drain", "oak"), type1("drain", "oak"))
	<-oak.Left()
	if err := oak.Stop(t.Context()); err != nil { // as silo.Main does then
		t.Fatal(err)
	}
	untilShared(t, 1)
	golden(t, "drain-last", type1("drain", "-o", "json", "ash"), type1("view"))
}

// A silo that does not leave in time is told, and so is what it goes on doing.
func TestDrainTellsThatItTakesLong(t *testing.T) {
	w := newWatch()
	s := startSilo(t, silo.Config{Grains: []grain.Kind{w.kind()}})
	t.Setenv("TEFF_NATS", s.URL())
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ended := make(chan ended, 1)
	go func() { ended <- type1("call", "--timeout", "1m", "shop.Cart/ann", "Wait").run(ctx) }()
	<-w.begun
	end := type1("drain", "-timeout", "300ms", "here").run(t.Context())
	if end.exit != exitCoded || !strings.Contains(end.errors, "has not left within 300ms") || !strings.Contains(end.errors, "goes on leaving") {
		t.Errorf("got %+v", end)
	}
	not := type1("ready").run(t.Context())
	if !strings.Contains(not.out, "yes") { // it serves what it has until it is stopped
		t.Errorf("got %+v", not)
	}
	cancel()
	<-ended
}

func TestNatsConfig(t *testing.T) {
	t.Setenv("TEFF_CLUSTER", "shop")
	golden(t, "natsconfig", type1("nats-config"), type1("nats-config", "-o", "json", "--partitions", "64", "--store", "d"), type1("nats-config", "--partitions", "0"))
}
