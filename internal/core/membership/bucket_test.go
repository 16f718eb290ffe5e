package membership_test

import (
	"testing"
	"time"

	"github.com/teff-dev/teff/internal/core/membership"
)

// A lone is one node whose outside is written down by hand, for what a perfect store
// never does.
type lone struct {
	t    *testing.T
	now  membership.Time
	node *membership.Node
	todo []membership.Effect
}

func newLone(t *testing.T, name string) *lone {
	l := &lone{t: t, node: membership.NewNode(config(name, "cart"))}
	l.tell(membership.Connected{})
	return l
}

func (l *lone) tell(e membership.Event) {
	l.todo = append(l.todo, l.node.Step(l.now, e)...)
}

func (l *lone) wait(d membership.Time) {
	for end := l.now + d; l.now < end; {
		l.now = l.now.Add(step)
		l.tell(membership.Tick{})
	}
}

// take waits for the next effect of a kind about a key, and forgets those before it.
func take[E membership.Effect](l *lone, is func(E) bool) E {
	l.t.Helper()
	for range 200 {
		for len(l.todo) > 0 {
			next := l.todo[0]
			l.todo = l.todo[1:]
			if e, ok := next.(E); ok && is(e) {
				return e
			}
		}
		l.wait(membership.Time(step))
	}
	var none E
	l.t.Fatalf("the node never wants %T", none)
	return none
}

func (l *lone) write(key membership.Key) membership.Write {
	l.t.Helper()
	return take(l, func(w membership.Write) bool { return w.Key == key })
}

func (l *lone) read(key membership.Key) membership.Read {
	l.t.Helper()
	return take(l, func(r membership.Read) bool { return r.Key == key })
}

func (l *lone) wrote(op, revision uint64) {
	l.tell(membership.Wrote{Op: op, Outcome: membership.OK, Revision: revision})
}

func (l *lone) conflict(op, revision uint64) {
	l.tell(membership.Wrote{Op: op, Outcome: membership.Conflict, Revision: revision})
}

func (l *lone) had(op, revision uint64, v *membership.View) {
	l.tell(membership.Had{Op: op, Outcome: membership.OK, Revision: revision, Record: membership.Record{View: v}})
}

func viewOf(generation, epoch, id uint64) *membership.View {
	return &membership.View{Generation: generation, Epoch: epoch, ID: id, Partitions: 16}
}

// A silo that had read the view of a bucket, and joined when that was lost, kept to it: no
// view of the new bucket was newer, and it waited for ever.
func TestAJoinerForgetsTheViewOfALostBucket(t *testing.T) {
	l := newLone(t, "B")
	read, beat := l.read(membership.ViewKey), l.write("B")
	l.had(read.Op, 900, viewOf(7, 40, 1))
	l.wrote(beat.Op, 5) // in the new bucket
	join := l.write(membership.ViewKey)
	if join.Expect != 900 || len(join.Record.View.Members) != 1 {
		t.Fatalf("it joins with %+v", join)
	}
	l.conflict(join.Op, 0)
	l.had(l.read(membership.ViewKey).Op, 0, nil)
	if fresh := l.write(membership.ViewKey); fresh.Expect != 0 || fresh.Record.View.Generation != 0 {
		t.Errorf("there is no view, and it writes %+v expecting %d", fresh.Record.View, fresh.Expect)
	}
}

// A generation that was taken for one bucket, and not used, may be lower than one that was
// used since: it is not another bucket's.
func TestAGenerationIsTakenForOneBucket(t *testing.T) {
	l := newLone(t, "B")
	anything := func(membership.TakeGeneration) bool { return true }
	l.had(l.read(membership.ViewKey).Op, 900, viewOf(0, 0, 1))
	take(l, anything)
	l.tell(membership.Generation{Value: 5})
	named := l.write(membership.ViewKey)
	if named.Record.View.Generation != 5 {
		t.Fatalf("it names generation %d, and has taken 5", named.Record.View.Generation)
	}
	l.conflict(named.Op, 0) // the bucket is lost
	l.had(l.read(membership.ViewKey).Op, 10, viewOf(0, 0, 2))
	take(l, anything)
	l.tell(membership.Generation{Value: 8})
	if again := l.write(membership.ViewKey); again.Record.View.Generation != 8 || again.Expect != 10 {
		t.Errorf("it names generation %d expecting %d, and has taken 8 for the view at 10", again.Record.View.Generation, again.Expect)
	}
}

func seen(key membership.Key, revision uint64, r membership.Record) membership.Event {
	return membership.Seen{Key: key, Revision: revision, Record: r}
}

// withA is a view that A is in.
func withA(epoch uint64) *membership.View {
	v := viewOf(1, epoch, epoch)
	v.Open = true
	v.Members = []membership.Member{{Incarnation: "A", State: membership.Active, Joined: 1}}
	return v
}

// A silo that left, and deleted its key, is not declared dead afterwards.
func TestWhoHasLeftIsNotDeclaredDead(t *testing.T) {
	l := newLone(t, "B")
	l.had(l.read(membership.ViewKey).Op, 900, withA(3))
	l.tell(membership.Had{
		Op: l.read("A").Op, Outcome: membership.OK, Revision: 901,
		Record: membership.Record{Beat: &membership.Beat{Number: 1}},
	})
	l.tell(seen("A", 904, membership.Record{}))
	l.tell(seen(membership.ViewKey, 903, membership.Record{View: viewOf(1, 4, 4)}))
	l.wait(membership.Time(20 * beat))
	for _, e := range l.todo {
		if w, ok := e.(membership.Write); ok && w.Key == "A" {
			t.Errorf("A has left, and it writes %+v there", w.Record.Beat)
		}
	}
}

// What is known of a member's key may be of a lost bucket. A tombstone that expects it
// fails for ever; there is no key.
func TestAMemberWhoseKeyIsGoneIsDeclaredDead(t *testing.T) {
	l := newLone(t, "B")
	l.had(l.read(membership.ViewKey).Op, 900, withA(3))
	l.tell(membership.Had{
		Op: l.read("A").Op, Outcome: membership.OK, Revision: 901,
		Record: membership.Record{Beat: &membership.Beat{Number: 1}},
	})
	first := l.write("A")
	if first.Expect != 901 || !first.Record.Beat.Dead {
		t.Fatalf("A is silent, and it writes %+v expecting %d", first.Record.Beat, first.Expect)
	}
	l.conflict(first.Op, 0)
	l.had(l.read("A").Op, 0, nil)
	if again := l.write("A"); again.Expect != 0 || !again.Record.Beat.Dead {
		t.Errorf("A has no key, and it writes %+v expecting %d", again.Record.Beat, again.Expect)
	}
}

// ownHad answers the read of the own key.
func (l *lone) ownHad(revision uint64, b membership.Beat) {
	l.t.Helper()
	l.tell(membership.Had{
		Op: l.read("B").Op, Outcome: membership.OK, Revision: revision, Record: membership.Record{Beat: &b},
	})
}

func (l *lone) dies() {
	l.t.Helper()
	take(l, func(membership.Died) bool { return true })
}

// The tombstone of a member of a lost bucket may have a lower revision than its last
// heartbeat, and is no less a tombstone: it once tried to renew for ever.
func TestATombstoneOfALowerRevisionIsOne(t *testing.T) {
	l := newLone(t, "B")
	l.wrote(l.write("B").Op, 900)
	l.conflict(l.write("B").Op, 40)
	l.ownHad(40, membership.Beat{Number: 1, Dead: true})
	l.dies()
}

// A first heartbeat that was late came to the bucket after the one in which a later one
// was confirmed. What is there is our own, live and new, and not what was confirmed.
func TestAHeartbeatThatWentBackIsOfALostBucket(t *testing.T) {
	l := newLone(t, "B")
	l.tell(membership.Wrote{Op: l.write("B").Op, Outcome: membership.Unknown})
	l.had(l.read("B").Op, 0, nil)
	l.wrote(l.write("B").Op, 40)
	l.conflict(l.write("B").Op, 900)
	l.ownHad(900, membership.Beat{Number: 1})
	l.dies()
}

// The same with revisions that are lower than what was confirmed: for a while that is only
// a server that has yet to catch up.
func TestAHeartbeatThatStaysBackIsOfALostBucket(t *testing.T) {
	l := newLone(t, "B")
	l.wrote(l.write("B").Op, 900)
	began := l.now
	for l.now.Since(began) < 3*time.Second {
		l.conflict(l.write("B").Op, 40)
		l.ownHad(40, membership.Beat{Number: 1})
	}
	if l.node.Over() {
		t.Fatal("it gives up before anybody else could")
	}
	for range 10 {
		l.wait(membership.Time(beat))
		if l.node.Over() {
			return
		}
		l.conflict(l.write("B").Op, 40)
		if l.node.Over() {
			return
		}
		l.ownHad(40, membership.Beat{Number: 1})
	}
	t.Error("it waits for ever")
}

// An incarnation whose first heartbeat is confirmed late may have been declared dead in a
// bucket that is lost: it came back in the next one under the same name.
func TestAFirstHeartbeatIsConfirmedInTime(t *testing.T) {
	const tooLong = membership.Time(3100 * time.Millisecond)
	for what, confirm := range map[string]func(*lone, membership.Write){
		"written": func(l *lone, w membership.Write) {
			l.wait(tooLong)
			l.wrote(w.Op, 5)
		},
		"read": func(l *lone, w membership.Write) {
			l.tell(membership.Wrote{Op: w.Op, Outcome: membership.Unknown})
			read := l.read("B")
			l.wait(tooLong)
			l.tell(membership.Had{
				Op: read.Op, Outcome: membership.OK, Revision: 5,
				Record: membership.Record{Beat: &membership.Beat{Number: 1}},
			})
		},
	} {
		l := newLone(t, "B")
		confirm(l, l.write("B"))
		if !l.node.Over() {
			t.Errorf("%s after more than a lease, and it goes on", what)
		}
	}
}

// A change of the view that failed told a revision of a bucket that was lost then. No view
// of the new one ever has it.
func TestTheRevisionOfALostBucketIsNotWaitedFor(t *testing.T) {
	l := newLone(t, "B")
	read, own := l.read(membership.ViewKey), l.write("B")
	l.wrote(own.Op, 5)
	l.had(read.Op, 900, viewOf(7, 40, 1))
	l.conflict(l.write(membership.ViewKey).Op, 950)
	l.had(l.read(membership.ViewKey).Op, 20, viewOf(8, 1, 2)) // another bucket
	for range 20 {
		l.wait(membership.Time(beat / 4))
		for _, e := range l.todo {
			switch e := e.(type) {
			case membership.Write:
				if e.Key == membership.ViewKey && e.Expect == 20 {
					return
				}
			case membership.Read:
				if e.Key == membership.ViewKey {
					l.had(e.Op, 20, viewOf(8, 1, 2))
				}
			}
		}
		l.todo = nil
	}
	t.Error("it never tries to join")
}
