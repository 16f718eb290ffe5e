package faults

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/anishathalye/porcupine"
)

// checkTime is how long the check of one key's history may take.
const checkTime = 30 * time.Second

// linearizable returns a sentence for each register whose history no sequence of its
// operations explains.
func linearizable(ops []op) []string {
	keys := make(map[string][]porcupine.Operation)
	for _, o := range ops {
		if o.kind > opSwap || o.fate == fateNothing {
			continue
		}
		ret := int64(o.ret)
		if o.fate == fateOpen {
			ret = int64(never)
		}
		keys[o.key] = append(keys[o.key], porcupine.Operation{
			ClientId: o.caller, Input: o, Output: o, Call: int64(o.call), Return: ret,
		})
	}
	var mu sync.Mutex
	var bad []string
	var wg sync.WaitGroup
	for key, history := range keys {
		wg.Go(func() {
			result := porcupine.CheckOperationsTimeout(registerModel(), history, checkTime)
			if result == porcupine.Ok {
				return
			}
			mu.Lock()
			defer mu.Unlock()
			if result == porcupine.Unknown {
				bad = append(bad, fmt.Sprintf("whether the %d operations of %s are linearizable could not be found out in %s", len(history), key, checkTime))
				return
			}
			bad = append(bad, fmt.Sprintf("the %d operations of %s are not linearizable", len(history), key))
		})
	}
	wg.Wait()
	slices.Sort(bad)
	return bad
}

// registerModel is a number that is read, written and swapped.
func registerModel() porcupine.Model {
	return porcupine.Model{
		Init: func() any { return int64(0) },
		Step: func(state, input, _ any) (bool, any) {
			value, o := state.(int64), input.(op) //nolint:errcheck,forcetypeassert // the model's own
			switch o.kind {
			case opRead:
				return o.value == value, value
			case opWrite:
				return true, o.value
			default: // a swap
				matches := value == o.expect
				if o.fate == fateDone && o.swapped != matches {
					return false, value
				}
				if matches {
					return true, o.value
				}
				return true, value
			}
		},
	}
}
