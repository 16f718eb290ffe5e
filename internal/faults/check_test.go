//go:build linux

package faults

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/teff-dev/teff/grain"
	"github.com/teff-dev/teff/internal/core/membership"
	"github.com/teff-dev/teff/internal/outcome"
	"github.com/teff-dev/teff/internal/rig"
	"github.com/teff-dev/teff/persistence"
)

// at makes a pass of a gate of one shard.
func at(when time.Duration, g rig.Gate, incarnation string, since uint64, revision persistence.Revision) pass {
	return pass{at: when, node: incarnation, Pass: rig.Pass{
		Gate: g, Shard: membership.Shard{Type: "t", Partition: 1}, Incarnation: incarnation,
		Fence: persistence.Fence{Generation: 1, Since: since},
		Key:   persistence.Key{Grain: "k"}, Revision: revision,
	}}
}

func TestThePassesOfTwoAtATimeAreFound(t *testing.T) {
	for _, c := range []struct {
		what   string
		passes []pass
		reborn bool
		bad    int
	}{
		{"one after the other", []pass{at(1, rig.Turn, "A", 5, 0), at(2, rig.Reply, "A", 5, 0), at(3, rig.Turn, "B", 6, 0)}, false, 0},
		{"written down in another order", []pass{at(3, rig.Turn, "B", 6, 0), at(1, rig.Turn, "A", 5, 0)}, false, 0},
		{"a late reply", []pass{at(1, rig.Turn, "A", 5, 0), at(3, rig.Turn, "B", 6, 0), at(4, rig.Reply, "A", 5, 0)}, false, 1},
		{"what is no gate may be late", []pass{at(1, rig.Turn, "A", 5, 0), at(3, rig.Turn, "B", 6, 0), at(4, rig.Fenced, "A", 5, 0)}, false, 0},
		{"the same silo, again under its first fence", []pass{at(1, rig.Turn, "A", 5, 0), at(2, rig.Turn, "A", 7, 0), at(3, rig.Turn, "A", 5, 0)}, false, 1},
		{"a fence that is not higher", []pass{at(1, rig.Turn, "A", 5, 0), at(2, rig.Turn, "B", 5, 0)}, false, 1},
		{"fences of a store that was lost", []pass{at(1, rig.Turn, "A", 5, 0), at(2, rig.Turn, "B", 2, 0)}, true, 0},
		{"two at a time all the same", []pass{at(1, rig.Turn, "A", 5, 0), at(2, rig.Turn, "B", 2, 0), at(3, rig.Turn, "A", 5, 0)}, true, 1},
	} {
		if bad := oneAtATime(c.passes, c.reborn); len(bad) != c.bad {
			t.Errorf("%s: %q, want %d", c.what, bad, c.bad)
		}
	}
}

func TestCommitsThatComeTooLateAreFound(t *testing.T) {
	for _, c := range []struct {
		what   string
		passes []pass
		bad    int
	}{
		{"in order", []pass{at(1, rig.Loaded, "A", 5, 0), at(2, rig.Stored, "A", 5, 10), at(3, rig.Loaded, "B", 6, 10), at(4, rig.Stored, "B", 6, 11)}, 0},
		{"told late, and done in time", []pass{at(3, rig.Loaded, "B", 6, 10), at(4, rig.Stored, "A", 5, 10)}, 0},
		{"behind a reader's back", []pass{at(3, rig.Loaded, "B", 6, 10), at(4, rig.Stored, "A", 5, 11)}, 1},
		{"behind the back of who found nothing", []pass{at(3, rig.Loaded, "B", 6, 0), at(4, rig.Stored, "A", 5, 11)}, 1},
		{"behind a writer's back", []pass{at(3, rig.Stored, "B", 6, 10), at(4, rig.Stored, "A", 5, 11)}, 1},
	} {
		if bad := noLateCommit(c.passes); len(bad) != c.bad {
			t.Errorf("%s: %q, want %d", c.what, bad, c.bad)
		}
	}
}

func TestPassesAreReadAsTheyWereWritten(t *testing.T) {
	dir := t.TempDir()
	now := membership.Time(0)
	f, err := newTraceFile(filepath.Join(dir, "silo-7.passes"), func() membership.Time { return now })
	if err != nil {
		t.Fatal(err)
	}
	want := at(0, rig.Stored, "A", 1<<40, 1<<60)
	want.Key.Grain = "a key\nof \"two\" lines"
	want.At = 1000
	f.write(want.Pass)
	got, err := readTraces(dir)
	if err != nil || len(got) != 1 {
		t.Fatalf("%v, %v", got, err)
	}
	got[0].At = want.At
	want.at, want.node = f.zero+1000, "silo-7"
	if got[0] != want {
		t.Errorf("%+v, want %+v", got[0], want)
	}
}

func TestHistoriesThatNothingExplainsAreFound(t *testing.T) {
	done := func(kind opKind, call, ret time.Duration, value int64) op {
		return op{kind: kind, key: "r", call: call, ret: ret, value: value, fate: fateDone}
	}
	open := func(o op) op { o.fate = fateOpen; return o }
	swap := func(o op, expect int64, swapped bool) op { o.expect, o.swapped = expect, swapped; return o }
	for _, c := range []struct {
		what string
		ops  []op
		lost time.Duration
		bad  int
	}{
		{"written and read", []op{done(opWrite, 1, 2, 7), done(opRead, 3, 4, 7)}, 0, 0},
		{"a lost write", []op{done(opWrite, 1, 2, 7), done(opRead, 3, 4, 0)}, 0, 1},
		{"a stale read", []op{done(opWrite, 1, 2, 7), done(opWrite, 3, 4, 8), done(opRead, 5, 6, 7)}, 0, 1},
		{"an open write that happened late", []op{open(done(opWrite, 1, 2, 7)), done(opRead, 3, 4, 0), done(opRead, 5, 6, 7)}, 0, 0},
		{"an open write that came and went", []op{open(done(opWrite, 1, 2, 7)), done(opRead, 3, 4, 7), done(opRead, 5, 6, 0)}, 0, 1},
		{"two swaps of one value", []op{swap(done(opSwap, 1, 5, 7), 0, true), swap(done(opSwap, 2, 6, 8), 0, true)}, 0, 1},
		{"one swap of it", []op{swap(done(opSwap, 1, 5, 7), 0, true), swap(done(opSwap, 2, 6, 8), 0, false)}, 0, 0},
		{"a store that was lost", []op{done(opWrite, 1, 2, 7), done(opRead, 30, 40, 0)}, 20, 0},
		{"and not yet", []op{done(opWrite, 1, 2, 7), done(opRead, 3, 4, 0)}, 20, 1},
	} {
		if bad := linearizable(c.ops, c.lost); len(bad) != c.bad {
			t.Errorf("%s: %q, want %d", c.what, bad, c.bad)
		}
	}
}

func TestWhatAnErrorLeavesOfAnOperation(t *testing.T) {
	for _, c := range []struct {
		kind opKind
		err  error
		want fate
	}{
		{opWrite, nil, fateDone},
		{opWrite, grain.Errorf(grain.CodeMaybeExecuted, "x"), fateOpen},
		{opWrite, grain.Errorf(grain.CodeDeadlineExceeded, "x"), fateOpen},
		{opWrite, outcome.Refused(grain.CodeDeadlineExceeded, "x"), fateNothing},
		{opWrite, grain.Errorf(grain.CodeAborted, "x"), fateNothing},
		{opPay, grain.Errorf(grain.CodeAborted, "x"), fateOpen}, // it may have come half way
		{opRead, grain.Errorf(grain.CodeMaybeExecuted, "x"), fateNothing},
		{opAdd, fmt.Errorf("x"), fateOpen},
	} {
		if got, _ := judge(c.kind, c.err); got != c.want {
			t.Errorf("%v of an operation of kind %d: %d, want %d", c.err, c.kind, got, c.want)
		}
	}
}

func TestOutagesEndWhereTheNextFaultBegins(t *testing.T) {
	var ops []op
	for _, ret := range []time.Duration{5, 12, 13, 19, 35} {
		ops = append(ops, op{kind: opRead, key: "r", ret: ret, fate: fateDone})
	}
	if got := outages(ops, 10, 30); len(got) != 1 || got[0].gap != 11 {
		t.Errorf("%+v, want 11, from 19 to 30", got)
	}
	if got := outages(ops, 10, 18); got[0].gap != 5 {
		t.Errorf("%+v, want 5, from 13 to 18", got)
	}
}
