package badgerstore_test

import (
	"context"
	"fmt"
	"log"
	"os"

	"github.com/teff-dev/teff/persistence"
	"github.com/teff-dev/teff/persistence/badgerstore"
)

// What was committed is there when the directory is opened again.
func ExampleOpen() {
	dir, err := os.MkdirTemp("", "teff-state-")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	ctx := context.Background()
	shard := persistence.Shard{Type: "bank.v1.Account", Partition: 7}
	key := persistence.Key{Grain: "alice"}

	store, err := badgerstore.Open(dir, badgerstore.Options{})
	if err != nil {
		log.Fatal(err)
	}
	fence := persistence.Fence{Generation: 1, Since: 1}
	_, err = store.Commit(ctx, shard, fence, persistence.Write{Key: key, Value: []byte("balance 70")})
	fmt.Println(err, store.Close())

	store, err = badgerstore.Open(dir, badgerstore.Options{})
	if err != nil {
		log.Fatal(err)
	}
	record, err := store.Load(ctx, shard, key)
	fmt.Printf("%s %v\n", record.Value, err)
	fmt.Println(store.Close())
	// Output:
	// <nil> <nil>
	// balance 70 <nil>
	// <nil>
}
