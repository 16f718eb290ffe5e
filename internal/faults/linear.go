//go:build linux

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
//
// Where the store was lost, lost is when no silo was left that knew the old one, and none
// had begun with the new: the two lives of a register have nothing to do with each other.
func linearizable(ops []op, lost time.Duration) []string {
	keys := make(map[string][]porcupine.Operation)
	for _, o := range lives(ops, lost) {
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

// lives gives registers that have two lives two names.
func lives(ops []op, lost time.Duration) []op {
	if lost == 0 {
		return ops
	}
	var all []op
	for _, o := range ops {
		before, after := o, o
		before.key += " (before)"
		after.key += " (after)"
		switch {
		case o.ret <= lost:
			all = append(all, before)
		case o.call >= lost:
			all = append(all, after)
		case o.kind != opRead: // it may have been tried again; nobody knows in which it was
			before.fate, after.fate = fateOpen, fateOpen
			all = append(all, before, after)
		default:
		}
	}
	return all
}
