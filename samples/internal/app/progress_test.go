package app

import (
	"bytes"
	"context"
	"errors"
	"regexp"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// elsewhere is a command whose stderr is no terminal.
func elsewhere() (*Command, *bytes.Buffer) {
	var stderr bytes.Buffer
	return newCommand("sample", "", nil, new(bytes.Buffer), &stderr), &stderr
}

// Long work is told of at each tenth. What is told is done.
func TestLongWorkIsALineForEachTenth(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, stderr := elsewhere()
		p := c.Progress("digging", 25)
		for range 25 {
			<-time.After(lookEvery / 2)
			p.Step()
		}
		p.End()
		const want = "sample: digging: 25 to do\nsample: digging: 3 of 25\nsample: digging: 6 of 25\nsample: digging: 9 of 25\n" +
			"sample: digging: 12 of 25\nsample: digging: 15 of 25\nsample: digging: 18 of 25\nsample: digging: 21 of 25\n" +
			"sample: digging: 24 of 25\nsample: digging: 1.25s\n"
		if got := stderr.String(); got != want {
			t.Errorf("got\n%swant\n%s", got, want)
		}
	})
}

// Short work is a line before and one behind.
func TestShortWorkIsTwoLines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, stderr := elsewhere()
		p := c.Progress("digging", 1000)
		for range 1000 {
			p.Step()
		}
		p.End()
		if got, want := stderr.String(), "sample: digging: 1000 to do\nsample: digging: 0s\n"; got != want {
			t.Errorf("got\n%swant\n%s", got, want)
		}
	})
}

func TestEachDoesAllOnce(t *testing.T) {
	for _, n := range []int{0, 1, 7, 1000} {
		c, _ := elsewhere()
		done := make([]atomic.Int64, n)
		if err := c.Each(t.Context(), "digging", n, 8, func(_ context.Context, i int) error { done[i].Add(1); return nil }); err != nil {
			t.Error(err)
		}
		for i := range done {
			if times := done[i].Load(); times != 1 {
				t.Errorf("of %d, number %d was done %d times", n, i, times)
			}
		}
	}
}

// The first error ends it: callers take up nothing new.
func TestEachEndsWithTheFirstError(t *testing.T) {
	c, stderr := elsewhere()
	broken := errors.New("the spade broke")
	var after atomic.Int64
	err := c.Each(t.Context(), "digging", 1000, 4, func(ctx context.Context, i int) error {
		if i == 10 {
			return broken
		}
		if i > 10 {
			after.Add(1)
			<-ctx.Done()
		}
		return nil
	})
	if !errors.Is(err, broken) {
		t.Errorf("got %v, want %v", err, broken)
	}
	if n := after.Load(); n > 3 {
		t.Errorf("%d were begun behind the error, by 3 other callers", n)
	}
	if !regexp.MustCompile(`\nsample: digging: \S+s\n$`).MatchString(stderr.String()) {
		t.Errorf("the end is not told:\n%s", stderr)
	}
}
