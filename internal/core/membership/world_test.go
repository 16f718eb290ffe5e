package membership_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/teff-dev/teff/internal/core/membership"
	"github.com/teff-dev/teff/internal/core/placement"
)

const (
	beat = 500 * time.Millisecond
	step = 50 * time.Millisecond
)

// A world is a few nodes and a perfect store: every answer comes at once. What goes wrong
// is the simulation's business; here it is about what a node does when nothing does.
type world struct {
	t        *testing.T
	now      membership.Time
	revision uint64
	keys     map[membership.Key]stored
	nodes    map[string]*membership.Node
	names    []string
	ended    map[string]membership.Effect
	drains   bool // sealed shards are drained at once
	last     uint64
}

type stored struct {
	revision uint64
	record   membership.Record
}

func newWorld(t *testing.T) *world {
	return &world{
		t: t, revision: 1000, drains: true,
		keys:  make(map[membership.Key]stored),
		nodes: make(map[string]*membership.Node),
		ended: make(map[string]membership.Effect),
	}
}

func config(name string, types ...string) membership.Config {
	const lease = 3 * time.Second
	return membership.Config{
		Self:       membership.Member{Incarnation: name, Types: types},
		Partitions: 16,
		Heartbeat:  beat,
		Lease:      lease,
		Takeover:   3600 * time.Millisecond,
		Settle:     beat,
		Targets:    placement.Targets,
		Moves:      placement.Moves,
		Luck:       uint64(len(name)),
	}
}

func (w *world) start(cfg membership.Config) {
	name := cfg.Self.Incarnation
	w.nodes[name] = membership.NewNode(cfg)
	w.names = append(w.names, name)
	w.tell(name, membership.Connected{})
}

// tell steps a node, and carries out what it wants.
func (w *world) tell(name string, e membership.Event) {
	n := w.nodes[name]
	if n == nil {
		return
	}
	for _, effect := range n.Step(w.now, e) {
		switch effect := effect.(type) {
		case membership.Write:
			w.put(name, effect.Op, effect.Key, effect.Expect, effect.Record)
		case membership.Delete:
			w.put(name, effect.Op, effect.Key, effect.Expect, membership.Record{})
		case membership.Read:
			has := w.keys[effect.Key]
			w.tell(name, membership.Had{Op: effect.Op, Outcome: membership.OK, Revision: has.revision, Record: has.record})
		case membership.TakeGeneration:
			w.last++
			w.tell(name, membership.Generation{Value: w.last})
		case membership.Seal:
			if w.drains {
				var shards []membership.Shard
				for _, s := range effect.Shards {
					shards = append(shards, s.Shard)
				}
				w.tell(name, membership.Drained{Shards: shards})
			}
		case membership.Died, membership.Left, membership.Refused:
			w.ended[name] = effect
		}
	}
}

func (w *world) put(name string, op uint64, key membership.Key, expect uint64, r membership.Record) {
	if has := w.keys[key].revision; has != expect {
		w.tell(name, membership.Wrote{Op: op, Outcome: membership.Conflict, Revision: has})
		return
	}
	w.revision++
	now := w.revision
	w.keys[key] = stored{now, r}
	w.tell(name, membership.Wrote{Op: op, Outcome: membership.OK, Revision: now})
	for _, other := range w.names {
		w.tell(other, membership.Seen{Key: key, Revision: now, Record: r})
	}
}

// pass lets time pass.
func (w *world) pass(d time.Duration) {
	for end := w.now.Add(d); w.now < end; {
		w.now = w.now.Add(step)
		for _, name := range w.names {
			w.tell(name, membership.Tick{})
		}
	}
}

// crash ends a node without a word.
func (w *world) crash(name string) { delete(w.nodes, name) }

func (w *world) view() *membership.View {
	w.t.Helper()
	v := w.keys[membership.ViewKey].record.View
	if v == nil {
		w.t.Fatal("there is no view")
	}
	return v
}

// shares says how many shards of a type each member has; "" is nobody.
func (w *world) shares(typ string) map[string]int {
	shares := make(map[string]int)
	if t := w.view().Tables[typ]; t != nil {
		for _, owner := range t.Owner {
			shares[owner]++
		}
	}
	return shares
}

func (w *world) wantShares(typ string, want ...string) {
	w.t.Helper()
	shares := w.shares(typ)
	if len(shares) != len(want) {
		w.t.Fatalf("%s is shared as %v, want it to be all of %v", typ, shares, want)
	}
	for _, name := range want {
		if shares[name] == 0 {
			w.t.Fatalf("%s is shared as %v, want it to be all of %v", typ, shares, want)
		}
	}
}

func TestSilosJoinAndShare(t *testing.T) {
	w := newWorld(t)
	w.start(config("A", "cart", "room"))
	w.pass(time.Second)
	if got := w.view(); got.Generation != 1 || got.Open || len(got.Members) != 1 {
		t.Fatalf("a second into a new bucket: %+v", got)
	}
	w.pass(3 * time.Second)
	w.wantShares("cart", "A")
	w.start(config("B", "cart"))
	w.start(config("C", "cart"))
	w.pass(3 * time.Second)
	w.wantShares("cart", "A", "B", "C")
	w.wantShares("room", "A")
	for _, p := range w.view().Tables["cart"].Next {
		if p != "" {
			t.Fatal("a move was not carried out")
		}
	}
}

func TestACrashIsFoundAndItsShardsGoOn(t *testing.T) {
	w := newWorld(t)
	for _, name := range []string{"A", "B", "C"} {
		w.start(config(name, "cart"))
	}
	w.pass(8 * time.Second)
	w.wantShares("cart", "A", "B", "C")
	w.crash("A") // the coordinator
	w.pass(3500 * time.Millisecond)
	w.wantShares("cart", "A", "B", "C")
	w.pass(time.Second)
	w.wantShares("cart", "B", "C")
	w.crash("B")
	w.pass(4500 * time.Millisecond)
	w.wantShares("cart", "C")
	w.pass(time.Minute)
	for key, has := range w.keys {
		if has.record.Beat != nil && key != "C" {
			t.Errorf("the key of %s is left: %v", key, has.record.Beat)
		}
	}
}

func TestLeavers(t *testing.T) {
	w := newWorld(t)
	for _, name := range []string{"A", "B", "C"} {
		w.start(config(name, "cart"))
	}
	w.pass(8 * time.Second)
	w.tell("A", membership.Leave{})
	w.pass(2 * time.Second)
	w.wantShares("cart", "B", "C")
	w.tell("B", membership.Leave{})
	w.tell("C", membership.Leave{})
	w.pass(2 * time.Second)
	w.wantShares("cart", "")
	for _, name := range w.names {
		if _, left := w.ended[name].(membership.Left); !left {
			t.Errorf("%s ended as %v", name, w.ended[name])
		}
		if w.keys[membership.Key(name)].record.Beat != nil {
			t.Errorf("%s left its key behind", name)
		}
	}
	if len(w.view().Members) != 0 {
		t.Errorf("members are left: %v", w.view().Members)
	}
	w.start(config("D", "cart"))
	w.pass(time.Second)
	w.wantShares("cart", "D") // the view is open: nobody waits
}

func TestCordonAndDrain(t *testing.T) {
	w := newWorld(t)
	for _, name := range []string{"A", "B"} {
		w.start(config(name, "cart"))
	}
	w.pass(8 * time.Second)
	before := w.shares("cart")["B"]
	w.tell("A", membership.SetState{Incarnation: "B", State: membership.Cordoned})
	w.start(config("C", "cart"))
	w.pass(3 * time.Second)
	if got := w.shares("cart"); got["B"] != before || got["C"] == 0 {
		t.Errorf("B is cordoned, had %d, and now it is %v", before, got)
	}
	w.tell("A", membership.SetState{Incarnation: "B", State: membership.Leaving})
	w.pass(3 * time.Second)
	w.wantShares("cart", "A", "C")
	if _, left := w.ended["B"].(membership.Left); !left {
		t.Errorf("B ended as %v", w.ended["B"])
	}
}

func TestAnotherNumberOfPartitionsIsRefused(t *testing.T) {
	w := newWorld(t)
	w.start(config("A", "cart"))
	w.pass(time.Second)
	cfg := config("B", "cart")
	cfg.Partitions = 32
	w.start(cfg)
	w.pass(time.Second)
	if refused, ok := w.ended["B"].(membership.Refused); !ok {
		t.Errorf("B ended as %v", w.ended["B"])
	} else if want := "set Config.Partitions to 16"; !strings.Contains(refused.Err.Error(), want) {
		t.Errorf("the reason is %q, want %q in it", refused.Err, want)
	}
}

func TestAReapedProcessIsDeadAtOnce(t *testing.T) {
	w := newWorld(t)
	w.start(config("A", "cart"))
	w.pass(5 * time.Second)
	w.crash("A")
	w.start(config("B", "cart"))
	w.tell("B", membership.Reaped{Incarnation: "A"})
	w.pass(2 * time.Second)
	w.wantShares("cart", "B")
}

func TestTheFirstGenerationNeedNotWait(t *testing.T) {
	w := newWorld(t)
	cfg := config("A", "cart")
	cfg.ExemptFirst = true
	w.start(cfg)
	w.pass(time.Second)
	w.wantShares("cart", "A")
	w = newWorld(t)
	w.last = 1
	w.start(cfg)
	w.pass(time.Second)
	if len(w.view().Tables) != 0 {
		t.Error("the second generation did not wait")
	}
}

// A silo that the view must not have is refused, but not for the sake of somebody dead.
func TestWhoIsInTheWayMayBeDead(t *testing.T) {
	for _, alive := range []bool{true, false} {
		w := newWorld(t)
		w.start(config("A", "cart"))
		w.pass(5 * time.Second)
		if !alive {
			w.crash("A")
		}
		cfg := config("B", "cart")
		cfg.Check = func(v *membership.View) error {
			if _, there := v.Member("A"); there {
				return errors.New("A is in the way")
			}
			return nil
		}
		w.start(cfg)
		w.pass(7 * time.Second)
		if _, refused := w.ended["B"].(membership.Refused); refused != alive {
			t.Errorf("A is alive: %v; B ended with %v", alive, w.ended["B"])
		}
		if !alive {
			w.wantShares("cart", "B")
		}
	}
}
