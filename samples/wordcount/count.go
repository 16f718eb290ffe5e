package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/teff-dev/teff/grain"
	"github.com/teff-dev/teff/persistence"
	"github.com/teff-dev/teff/samples/internal/app"
	wordcountv1 "github.com/teff-dev/teff/samples/wordcount/wordcount/v1"
	"github.com/teff-dev/teff/samples/wordcount/wordcount/v1/wordcountv1teff"
)

// A counter has words count themselves.
type counter struct {
	cmd     *app.Command
	words   grain.Caller
	store   persistence.Store
	callers int
}

// count makes one call for each word of the text. A call that fails may have counted
// or not, so it is not made again: the count ends there, with an error.
func (c *counter) count(ctx context.Context, t *text) error {
	return c.cmd.Each(ctx, "counting words", t.words, c.callers, func(ctx context.Context, _ int) error {
		w := t.next()
		if _, err := wordcountv1teff.WordOf(c.words, w).Add(ctx, &wordcountv1.AddRequest{Count: 1}); err != nil {
			return fmt.Errorf("count %q: %w", w, err)
		}
		return nil
	})
}

type counted struct {
	word  string
	count int64
}

// top asks all words that were ever counted, and returns the most frequent ones.
func (c *counter) top(ctx context.Context, most int) ([]counted, error) {
	keys, err := c.keys(ctx)
	if err != nil {
		return nil, err
	}
	all := make([]counted, len(keys))
	err = c.cmd.Each(ctx, "asking words", len(keys), c.callers, func(ctx context.Context, i int) error {
		resp, err := wordcountv1teff.WordOf(c.words, keys[i]).Get(ctx, &wordcountv1.GetRequest{})
		if err != nil {
			return fmt.Errorf("ask %q: %w", keys[i], err)
		}
		all[i] = counted{keys[i], resp.GetCount()}
		return nil
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(all, func(a, b counted) int {
		return cmp.Or(cmp.Compare(b.count, a.count), strings.Compare(a.word, b.word))
	})
	return all[:min(most, len(all))], nil
}

// keys lists the words. The store knows them, since a word has a record once it was
// counted. A grain that kept an index would know them too, but every new word would wait
// for it, and a crash between the two could leave a word out.
func (c *counter) keys(ctx context.Context) ([]string, error) {
	query := persistence.Query{Type: wordcountv1teff.WordName, Limit: persistence.MaxPage, KeysOnly: true}
	var keys []string
	for {
		page, err := c.store.List(ctx, query)
		if err != nil {
			return nil, err
		}
		for _, r := range page.Records {
			keys = append(keys, r.Key.Grain)
		}
		if page.Next == "" {
			return keys, nil
		}
		query.After = page.Next
	}
}

// tell prints words as uniq -c does.
func tell(w io.Writer, words []counted) error {
	for _, c := range words {
		if _, err := fmt.Fprintf(w, "%7d %s\n", c.count, c.word); err != nil {
			return err
		}
	}
	return nil
}
