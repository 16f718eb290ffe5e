package memstore_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/teff-dev/teff/persistence"
	"github.com/teff-dev/teff/persistence/memstore"
)

// A silo claims a shard, writes on the revision it read, and is refused once
// another silo has claimed the shard.
func Example() {
	ctx := context.Background()
	store := memstore.New()
	defer store.Close()

	shard := persistence.Shard{Type: "bank.v1.Account", Partition: 7}
	key := persistence.Key{Grain: "alice"}

	generation, _ := store.NextGeneration(ctx)
	mine := persistence.Fence{Generation: generation, Since: 1}
	if err := store.Claim(ctx, mine, shard); err != nil {
		fmt.Println(err)
	}

	revisions, err := store.Commit(ctx, shard, mine, persistence.Write{Key: key, Value: []byte("balance 70")})
	fmt.Println(len(revisions), err)

	theirs := persistence.Fence{Generation: generation, Since: 2}
	if err := store.Claim(ctx, theirs, shard); err != nil {
		fmt.Println(err)
	}
	_, err = store.Commit(ctx, shard, mine, persistence.Write{Key: key, Value: []byte("balance 0"), Expect: revisions[0]})
	fmt.Println("fenced:", errors.Is(err, persistence.ErrFenced))

	record, _ := store.Load(ctx, shard, key)
	fmt.Printf("%s\n", record.Value)
	// Output:
	// 1 <nil>
	// fenced: true
	// balance 70
}
