package badgerstore

import (
	"fmt"
	"testing"
)

func TestRecentForgetsWhatIsNotUsed(t *testing.T) {
	const keys = 100_000 // more than two generations
	r := newRecent[int]()
	r.put("used", 1)
	r.put("unused", 2)
	for i := range keys {
		r.put(fmt.Sprint(i), i)
		if i%1000 == 0 {
			if v, ok := r.get([]byte("used")); !ok || v != 1 {
				t.Fatalf("after %d keys what is used is %d, %t", i, v, ok)
			}
		}
	}
	if _, ok := r.get([]byte("unused")); ok {
		t.Error("what is not used is remembered")
	}
	if v, ok := r.get(fmt.Append(nil, keys-1)); !ok || v != keys-1 {
		t.Errorf("the last key is %d, %t", v, ok)
	}
	if most := 2 * recentBytes / recentOverhead; len(r.young)+len(r.old) > most {
		t.Errorf("%d keys are remembered, %d should be the most", len(r.young)+len(r.old), most)
	}
}

// An old value must not come back when a newer one was forgotten.
func TestRecentNeverGoesBack(t *testing.T) {
	r := newRecent[int]()
	for i := range 200_000 {
		r.put("key", i)
		r.put(fmt.Sprint(i), 0)
		if i%7 != 0 {
			continue
		}
		if v, ok := r.get([]byte("key")); ok && v != i {
			t.Fatalf("after %d it is %d", i, v)
		}
	}
}
