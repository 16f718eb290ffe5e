package storetest

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"sync"

	"github.com/teff-dev/teff/persistence"
)

func listMutants() []mutant {
	return []mutant{
		{"stale list", listStale(), []string{"ListChurn", "FenceRace", "Model"}},
		{"cursors are offsets", listByOffset, []string{"ListChurn"}},
		{"cursors need their record", listFromRecord, []string{"ListChurn"}},
		{"unordered list", listing(func(_ persistence.Query, p *persistence.Page) { slices.Reverse(p.Records) }), []string{"ListOrder", "Model"}},
		{"a page's last record is lost", listing(dropLast), []string{"ListOrder", "ListChurn"}},
		{"a page's last record is repeated", listRepeating, []string{"ListOrder", "ListChurn"}},
		{"keys come with values", listValues, []string{"ListOrder"}},
		{"the limit is ignored", listUnlimited, []string{"ListOrder"}},
		{"the partition is ignored", listAnyPartition, []string{"ListScope"}},
		{"any cursor is good", listAnyCursor, []string{"Invalid"}},
	}
}

type listFunc = func(context.Context, persistence.Query) (persistence.Page, error)

func listWith(d *disk, with func(list listFunc) listFunc) persistence.Store {
	s := d.open()
	s.list = with(s.list)
	return s
}

// listing makes a store that spoils its pages.
func listing(spoil func(persistence.Query, *persistence.Page)) func(*disk) persistence.Store {
	return func(d *disk) persistence.Store {
		return listWith(d, func(list listFunc) listFunc {
			return func(ctx context.Context, query persistence.Query) (persistence.Page, error) {
				page, err := list(ctx, query)
				spoil(query, &page)
				return page, err
			}
		})
	}
}

func dropLast(_ persistence.Query, page *persistence.Page) {
	if page.Next != "" && len(page.Records) > 1 {
		page.Records = page.Records[:len(page.Records)-1]
	}
}

// listStale answers each query as it should have been answered the time before.
func listStale() func(*disk) persistence.Store {
	return func(d *disk) persistence.Store {
		var mu sync.Mutex
		before := map[string]persistence.Page{}
		return listWith(d, func(list listFunc) listFunc {
			return func(ctx context.Context, query persistence.Query) (persistence.Page, error) {
				page, err := list(ctx, query)
				if query.Partition != nil {
					query.Type += fmt.Sprint("#", *query.Partition)
					query.Partition = nil
				}
				name := fmt.Sprint(query)
				mu.Lock()
				defer mu.Unlock()
				old, ok := before[name]
				before[name] = page
				if ok {
					return old, err
				}
				return page, err
			}
		})
	}
}

func listByOffset(d *disk) persistence.Store {
	return listWith(d, func(list listFunc) listFunc {
		return func(ctx context.Context, query persistence.Query) (persistence.Page, error) {
			offset, _ := strconv.Atoi(query.After)
			size := query.PageSize()
			query.After, query.Limit = "", persistence.MaxPage
			page, err := list(ctx, query)
			page.Records = page.Records[min(offset, len(page.Records)):]
			if len(page.Records) > size {
				page.Records = page.Records[:size]
				page.Next = strconv.Itoa(offset + size)
			}
			return page, err
		}
	})
}

// listFromRecord ends a listing whose cursor's record has gone.
func listFromRecord(d *disk) persistence.Store {
	var mu sync.Mutex
	ends := map[string]persistence.ListedRecord{}
	s := d.open()
	list := s.list
	s.list = func(ctx context.Context, query persistence.Query) (persistence.Page, error) {
		mu.Lock()
		defer mu.Unlock()
		if end, ok := ends[query.After]; ok {
			if r, err := s.load(ctx, end.Shard, end.Key); err != nil || r.Revision != end.Revision {
				return persistence.Page{}, nil
			}
		}
		page, err := list(ctx, query)
		if page.Next != "" {
			ends[page.Next] = page.Records[len(page.Records)-1]
		}
		return page, err
	}
	return s
}

func listRepeating(d *disk) persistence.Store {
	return listWith(d, func(list listFunc) listFunc {
		return func(ctx context.Context, query persistence.Query) (persistence.Page, error) {
			page, err := list(ctx, query)
			if n := len(page.Records); n > 0 && n < query.PageSize() {
				page.Records = append(page.Records, page.Records[n-1])
			}
			return page, err
		}
	})
}

func listValues(d *disk) persistence.Store {
	return listWith(d, func(list listFunc) listFunc {
		return func(ctx context.Context, query persistence.Query) (persistence.Page, error) {
			query.KeysOnly = false
			return list(ctx, query)
		}
	})
}

func listUnlimited(d *disk) persistence.Store {
	return listWith(d, func(list listFunc) listFunc {
		return func(ctx context.Context, query persistence.Query) (persistence.Page, error) {
			query.Limit = max(query.Limit, persistence.MaxPage)
			return list(ctx, query)
		}
	})
}

func listAnyPartition(d *disk) persistence.Store {
	return listWith(d, func(list listFunc) listFunc {
		return func(ctx context.Context, query persistence.Query) (persistence.Page, error) {
			query.Partition = nil
			return list(ctx, query)
		}
	})
}

func listAnyCursor(d *disk) persistence.Store {
	return listWith(d, func(list listFunc) listFunc {
		return func(ctx context.Context, query persistence.Query) (persistence.Page, error) {
			page, err := list(ctx, query)
			if err != nil && query.After != "" {
				query.After = ""
				return list(ctx, query)
			}
			return page, err
		}
	})
}
