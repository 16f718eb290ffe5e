package membership

import "time"

// phase is where a node is in its life.
type phase int

const (
	phaseJoining phase = iota + 1 // not in the view yet
	phaseMember                   // in the view
	phaseGoing                    // was in the view and left it; its key is to be deleted
	phaseOver                     // died, left or was refused: it does nothing any more
)

// A Node is one incarnation's part in the cluster. Make it with NewNode. It is not safe
// for concurrent use.
type Node struct {
	cfg     Config
	now     Time
	luck    uint64
	effects []Effect // of the present Step
	phase   phase
	leaving bool // asked to go

	connected   bool
	connectedAt Time

	lastOp uint64
	ops    map[uint64]op // under way

	own     ownBeat
	others  map[string]*other
	order   []*other // the same, by name
	watches bool     // we are one of those who listen to everybody

	view      *View  // the newest seen; nil: none yet
	viewRev   uint64 // its revision
	change    change
	settledAt Time // when the members last changed
	since     Time // when the view's generation was first seen
	wanted    map[string]MemberState
	targets   map[string][]string // by the hosts, joined; what was computed last
	verify    Fenced              // a fence to be explained; Since is 0 where there is none

	shards map[Shard]*held
	ready  bool // some sealed shard is drained, and to be handed over
}

// NewNode makes a node, which wants to join. It does nothing before it is Connected.
func NewNode(cfg Config) *Node {
	if cfg.Watchmen == 0 {
		cfg.Watchmen = defaultWatchmen
	}
	return &Node{
		cfg:    cfg,
		luck:   cfg.Luck,
		phase:  phaseJoining,
		ops:    make(map[uint64]op),
		others: make(map[string]*other),
		wanted: make(map[string]MemberState),
		shards: make(map[Shard]*held),
	}
}

const defaultWatchmen = 2

// View returns the newest view that the node has seen, or nil.
func (n *Node) View() *View { return n.view }

// Lease returns until when the silo may act.
func (n *Node) Lease() Time { return n.own.lease }

// Over says that the node died, left or was refused.
func (n *Node) Over() bool { return n.phase == phaseOver }

// Coordinates says whether this node is the coordinator, as far as it can see: the live
// member that joined first.
func (n *Node) Coordinates() bool {
	if n.view == nil {
		return false
	}
	for _, m := range n.view.Members {
		if m.Incarnation == n.cfg.Self.Incarnation {
			return true
		}
		if o := n.others[m.Incarnation]; o == nil || !o.beat.Dead {
			return false
		}
	}
	return false
}

// Step tells the node what happened, and returns what is to be done. Now must not go
// back.
func (n *Node) Step(now Time, e Event) []Effect {
	if n.phase == phaseOver {
		return nil
	}
	n.now, n.effects = now, nil
	switch e := e.(type) {
	case Tick:
	case Connected:
		n.connect()
	case Disconnected:
		n.connected = false
	case Seen:
		if n.seen(e) {
			return n.effects // the most frequent event by far, and nothing is due for it
		}
	case Wrote:
		n.wrote(e)
	case Had:
		n.had(e)
	case Generation:
		n.generation(e.Value)
	case Drained:
		n.drained(e.Shards)
	case Fenced:
		n.fenced(e)
	case Unfit:
		n.refuse(e.Err)
	case Leave:
		n.leaving = true
	case Reaped:
		n.reap(e.Incarnation)
	case SetState:
		n.wanted[e.Incarnation] = e.State
	}
	n.pursue()
	return n.effects
}

// pursue does what is due, whatever has just happened.
func (n *Node) pursue() {
	if n.phase == phaseOver || !n.connected {
		return
	}
	n.beatIfDue()
	n.observe()
	n.leaveIfOut()
	n.propose()
}

func (n *Node) emit(e Effect) { n.effects = append(n.effects, e) }

func (n *Node) self() string { return n.cfg.Self.Incarnation }

// die ends the node.
func (n *Node) die(why string) {
	n.phase = phaseOver
	n.emit(Died{why})
}

// random returns a duration below limit. It is SplitMix64 (Steele, Lea and Flood, 2014).
func (n *Node) random(limit time.Duration) time.Duration {
	if limit <= 0 {
		return 0
	}
	return time.Duration(n.draw() % uint64(limit))
}

func (n *Node) draw() uint64 {
	n.luck += 0x9e3779b97f4a7c15
	z := n.luck
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// connect begins again with what may have been missed. The timers of all others restart:
// what was silent while we could not hear says nothing.
func (n *Node) connect() {
	n.connected, n.connectedAt = true, n.now
	n.own.due = n.now
	n.readView()
	for _, o := range n.order {
		if o.heard || o.reaped {
			n.readOther(o.incarnation)
		}
	}
}
