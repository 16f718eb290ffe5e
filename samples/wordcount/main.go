// Command wordcount counts the words of files: each word is a grain, and each time that
// it occurs is a call.
//
//	go run ./samples/wordcount FILE...
//
// It prints what this does, if in a slightly more interesting way:
//
//	export LC_ALL=C
//	cat FILE... | grep -aoE '[A-Za-z]+' | tr A-Z a-z | sort | uniq -c | sort -k1,1nr -k2,2 | head -20
//
// The counts are in memory, unless -data names a directory. There they are kept: a call
// is answered when its count is on the disk, and the next run adds to what it finds. So
// a run that is killed leaves behind every occurrence whose call was answered, and for
// each caller at most one whose call was not.
package main

import (
	"context"
	"errors"
	"path/filepath"

	"github.com/teff-dev/teff/grain"
	"github.com/teff-dev/teff/persistence"
	"github.com/teff-dev/teff/persistence/badgerstore"
	"github.com/teff-dev/teff/persistence/memstore"
	"github.com/teff-dev/teff/samples/internal/app"
	"github.com/teff-dev/teff/samples/wordcount/wordcount/v1/wordcountv1teff"
	"github.com/teff-dev/teff/silo"
)

func main() { app.Main("wordcount", "FILE...", run) }

// maxCallers is less than the calls that may wait for one word, 1024: the rest would be
// refused.
const maxCallers = 1000

func run(ctx context.Context, cmd *app.Command) (err error) {
	most := cmd.Flags.Int("top", 20, "print the `N` most frequent words")
	callers := cmd.Flags.Int("callers", 64, "make calls from `N` callers at once")
	if err := cmd.Parse(); err != nil {
		return err
	}
	switch {
	case len(cmd.Operands()) == 0 && !cmd.Serve:
		return app.Usagef("name a file, or -serve")
	case *most < 1:
		return app.Usagef("-top is at least 1")
	case *callers < 1 || *callers > maxCallers:
		return app.Usagef("-callers is from 1 to %d", maxCallers)
	}
	input, err := readText(cmd.Operands())
	if err != nil {
		return err
	}
	store, err := openStore(cmd.Data)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	cfg := silo.Config{
		Grains: []grain.Kind{wordcountv1teff.WordKind(newWord)},
		Store:  store,
	}
	return cmd.Host(ctx, cfg, func(s *silo.Silo) error {
		if len(cmd.Operands()) == 0 {
			return nil
		}
		c := counter{cmd: cmd, words: s, store: store, callers: *callers}
		if err := c.count(ctx, input); err != nil {
			return err
		}
		top, err := c.top(ctx, *most)
		if err != nil {
			return err
		}
		return tell(cmd.Stdout, top)
	})
}

// openStore opens the store that the words are kept in. It is opened here, and not by the
// silo, since it is to be listed.
func openStore(dir string) (persistence.Store, error) {
	if dir == "" {
		return memstore.New(), nil
	}
	return badgerstore.Open(filepath.Join(dir, "badger"), badgerstore.Options{})
}
