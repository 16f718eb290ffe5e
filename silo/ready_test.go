package silo

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestReadyQueueIsFirstComeFirstServed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var q readyQueue
		var want []*activation
		for range rapid.IntRange(0, 200).Draw(t, "steps") {
			if rapid.Bool().Draw(t, "push") {
				a := new(activation)
				q.push(a)
				want = append(want, a)
			} else {
				var first *activation
				if len(want) > 0 {
					first, want = want[0], want[1:]
				}
				if q.pop() != first {
					t.Fatal("another came out")
				}
			}
			if q.len() != len(want) {
				t.Fatalf("the length is %d, not %d", q.len(), len(want))
			}
			if !slices.Equal(q.appendTo(nil), want) {
				t.Fatal("it lists others")
			}
			if room := q.items[:cap(q.items)]; len(room)-count(room, nil) != len(want) {
				t.Fatal("what is gone is held on to")
			}
		}
	})
}

func TestReadyQueueDoesNotGrowWithWhatIsGone(t *testing.T) {
	var q readyQueue
	a := new(activation)
	q.push(a)
	for range 10_000 { // never empty
		q.push(a)
		q.pop()
	}
	if n := cap(q.items); n > 16 {
		t.Errorf("there is room for %d", n)
	}
}

func count(all []*activation, a *activation) (n int) {
	for _, other := range all {
		if other == a {
			n++
		}
	}
	return n
}
