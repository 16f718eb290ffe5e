package persistence_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/teff-dev/teff/persistence"
)

func TestCheckCommit(t *testing.T) {
	const limit = 1000
	shard := persistence.Shard{Type: "a.B"}
	long := strings.Repeat("x", persistence.MaxName)
	write := func(grain string, size int) persistence.Write {
		return persistence.Write{Key: persistence.Key{Grain: grain}, Value: make([]byte, size)}
	}
	many := func(n, different int) (writes []persistence.Write) {
		for i := range n {
			writes = append(writes, write(fmt.Sprint(i%different), 0))
		}
		return writes
	}
	deletion := write("b", limit)
	deletion.Delete = true
	for _, c := range []struct {
		name   string
		shard  persistence.Shard
		writes []persistence.Write
		want   error
	}{
		{"one", shard, many(1, 1), nil},
		{"the most", shard, many(persistence.MaxWrites, persistence.MaxWrites), nil},
		{"too many", shard, many(persistence.MaxWrites+1, persistence.MaxWrites+1), persistence.ErrTooLarge},
		{"none", shard, nil, persistence.ErrInvalid},
		{"a few, one twice", shard, many(3, 2), persistence.ErrInvalid},
		{"many, one twice", shard, many(100, 99), persistence.ErrInvalid},
		{"the most bytes", shard, []persistence.Write{write("a", 400), write("b", 600)}, nil},
		{"a byte too many", shard, []persistence.Write{write("a", 401), write("b", 600)}, persistence.ErrTooLarge},
		{"a deletion has no bytes", shard, []persistence.Write{write("a", limit), deletion}, nil},
		{"the longest names", persistence.Shard{Type: long}, []persistence.Write{{Key: persistence.Key{Grain: long, Name: long}}}, nil},
		{"no type", persistence.Shard{}, many(1, 1), persistence.ErrInvalid},
		{"a long type", persistence.Shard{Type: long + "x"}, many(1, 1), persistence.ErrInvalid},
		{"no grain", shard, []persistence.Write{write("", 0)}, persistence.ErrInvalid},
		{"a long grain", shard, []persistence.Write{write(long+"x", 0)}, persistence.ErrInvalid},
		{"no UTF-8", shard, []persistence.Write{write("\xff", 0)}, persistence.ErrInvalid},
		{"a long name", shard, []persistence.Write{{Key: persistence.Key{Grain: "a", Name: long + "x"}}}, persistence.ErrInvalid},
	} {
		if err := persistence.CheckCommit(c.shard, c.writes, limit); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", c.name, err, c.want)
		}
	}
}

func TestPageSize(t *testing.T) {
	for limit, want := range map[int]int{
		0: persistence.DefaultPage, 1: 1, persistence.MaxPage: persistence.MaxPage, persistence.MaxPage + 1: persistence.MaxPage,
	} {
		if got := (persistence.Query{Limit: limit}).PageSize(); got != want {
			t.Errorf("limit %d: %d records, want %d", limit, got, want)
		}
	}
}
