package natsstore_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"os"

	"github.com/nats-io/nats.go"

	"github.com/teff-dev/teff/internal/bus"
	"github.com/teff-dev/teff/persistence"
	"github.com/teff-dev/teff/persistence/natsstore"
)

// Two silos share the state. When the second takes a shard over, the first is fenced.
func ExampleOpen() {
	dir, err := os.MkdirTemp("", "teff-nats-")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	srv, err := bus.StartServer(bus.ServerOptions{Listen: "127.0.0.1:0", StoreDir: dir, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		log.Fatal(err)
	}
	defer srv.Stop()

	ctx := context.Background()
	open := func() (*natsstore.Store, func()) {
		nc, err := nats.Connect(srv.URL())
		if err != nil {
			log.Fatal(err)
		}
		store, err := natsstore.Open(ctx, nc, natsstore.Options{Cluster: "bank"})
		if err != nil {
			log.Fatal(err)
		}
		return store, func() { store.Close(); nc.Close() }
	}
	first, closeFirst := open()
	defer closeFirst()
	second, closeSecond := open()
	defer closeSecond()

	shard := persistence.Shard{Type: "bank.v1.Account", Partition: 7}
	alice := persistence.Key{Grain: "alice"}
	before, after := persistence.Fence{Generation: 1, Since: 1}, persistence.Fence{Generation: 1, Since: 2}

	revisions, err := first.Commit(ctx, shard, before, persistence.Write{Key: alice, Value: []byte("balance 70")})
	fmt.Println(len(revisions), err)

	err = second.Claim(ctx, after, shard)
	record, _ := second.Load(ctx, shard, alice)
	fmt.Printf("%v, %s\n", err, record.Value)

	_, err = first.Commit(ctx, shard, before, persistence.Write{Key: alice, Value: []byte("balance 0"), Expect: revisions[0]})
	fmt.Println("fenced:", errors.Is(err, persistence.ErrFenced))
	// Output:
	// 1 <nil>
	// <nil>, balance 70
	// fenced: true
}
