package cluster

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"google.golang.org/protobuf/proto"

	"github.com/teff-dev/teff/internal/core/activation"
	"github.com/teff-dev/teff/internal/core/membership"
	"github.com/teff-dev/teff/internal/core/placement"
	teffv1 "github.com/teff-dev/teff/protos/teff/v1"
)

// A Host is the silo, as far as its membership tells it things. Its methods are called
// one at a time, in order, and must not block: what a silo must stop doing, it must have
// stopped when Apply returns.
type Host interface {
	// Apply takes a change of what the silo owns: membership.Own, Seal, Unseal, Stop or
	// Lose.
	Apply(e membership.Effect)

	// Changed takes a new view.
	Changed(v *membership.View)

	// Ended says that this incarnation is over: it left (nil), it was refused, or it died
	// (ErrDead). Nothing follows.
	Ended(err error)
}

// Timing is how fast a cluster notices.
type Timing struct {
	Heartbeat time.Duration // from one to the next
	Lease     time.Duration // how long one entitles to act
	Takeover  time.Duration // how long silence lasts before others take over
}

// Single is for one NATS server; Replicated is for a NATS cluster, where killing the
// leader of the bucket's stream stops all writes for 4 to 9 s.
func Single() Timing {
	return Timing{Heartbeat: 500 * time.Millisecond, Lease: 3 * time.Second, Takeover: 3600 * time.Millisecond}
}

// Replicated is the timing where the bucket has replicas; see Single.
func Replicated() Timing {
	return Timing{Heartbeat: 3 * time.Second, Lease: 15 * time.Second, Takeover: 16500 * time.Millisecond}
}

// Config is what a cluster is joined with.
type Config struct {
	NC         *nats.Conn // of its own: a heartbeat must not wait behind calls
	Cluster    string
	Replicas   int // of the bucket
	Self       *teffv1.Member
	Partitions int
	Timing     Timing
	Settle     time.Duration // see membership.Config
	Clock      *Clock
	Gate       *activation.Gate // is open while the lease runs
	Host       Host
	Logger     *slog.Logger

	// Exempt and ExemptFirst: see membership.Config.
	Exempt, ExemptFirst bool

	// Reaped are earlier incarnations whose processes are known to be gone.
	Reaped []string

	// Check refuses a view that this silo must not be part of; nil: none.
	Check func(*membership.View) error

	// Generation takes the cluster's next generation in the state store, durably.
	Generation func(context.Context) (uint64, error)

	// Mutant is what to do wrong; tests only.
	Mutant membership.Mutant
}

// A Cluster is one incarnation's membership.
type Cluster struct {
	cfg    Config
	log    *slog.Logger
	bucket *bucket
	node   *membership.Node              // the loop's
	heard  map[string]*nats.Subscription // the loop's: by subject, what is listened to

	view atomic.Pointer[membership.View]

	mu     sync.Mutex
	queue  []membership.Event
	closed bool
	wake   chan struct{} // of one
	ops    sync.WaitGroup
	done   chan struct{} // closed when the loop has ended
	cancel context.CancelFunc
}

// Join makes the silo a candidate, and returns once there is a bucket: Host.Changed tells
// when it is a member. Close ends it.
func Join(ctx context.Context, cfg Config) (*Cluster, error) {
	b, err := newBucket(cfg.NC, cfg.Cluster, max(cfg.Replicas, 1))
	if err != nil {
		return nil, err
	}
	if err := b.await(ctx); err != nil {
		return nil, err
	}
	meta, err := proto.Marshal(cfg.Self)
	if err != nil {
		return nil, fmt.Errorf("describe the silo: %w", err)
	}
	c := &Cluster{cfg: cfg, bucket: b, heard: make(map[string]*nats.Subscription), wake: make(chan struct{}, 1), done: make(chan struct{})}
	c.log = cfg.Logger.With(slog.String("incarnation", cfg.Self.GetIncarnation()))
	c.node = membership.NewNode(membership.Config{
		Self: membership.Member{
			Incarnation: cfg.Self.GetIncarnation(),
			Types:       cfg.Self.GetTypes(),
			Meta:        meta,
		},
		Partitions:  cfg.Partitions,
		Heartbeat:   cfg.Timing.Heartbeat,
		Lease:       cfg.Timing.Lease,
		Takeover:    cfg.Timing.Takeover,
		Settle:      cfg.Settle,
		Exempt:      cfg.Exempt,
		ExemptFirst: cfg.ExemptFirst,
		Targets:     placement.Targets,
		Moves:       placement.Moves,
		Check:       c.check,
		Luck:        rand.Uint64(),
		Mutant:      cfg.Mutant,
	})
	if err := c.listen(b.announced() + viewToken); err != nil {
		return nil, fmt.Errorf("watch the cluster's bucket: %w", err)
	}
	life, cancel := context.WithCancel(context.WithoutCancel(ctx))
	c.cancel = cancel
	go c.run(life) // until Close
	return c, nil
}

// Tell queues an event for the node.
func (c *Cluster) Tell(e membership.Event) {
	c.mu.Lock()
	if !c.closed {
		c.queue = append(c.queue, e)
	}
	c.mu.Unlock()
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// View is the newest view; nil before there is one.
func (c *Cluster) View() *membership.View { return c.view.Load() }

// Close ends the membership without a word to the others, and waits until nothing of it
// runs. Who wants to leave in order tells Leave, and waits for Host.Ended. It must not be
// called by the Host.
func (c *Cluster) Close() {
	c.mu.Lock()
	c.closed, c.queue = true, nil
	c.mu.Unlock()
	c.cancel()
	<-c.done
	c.ops.Wait()
}

// check refuses a view that would not fit in half of what the server takes in a message
// (the next change must fit too), or that the host refuses.
func (c *Cluster) check(v *membership.View) error {
	if c.cfg.Check != nil {
		if err := c.cfg.Check(v); err != nil {
			return err
		}
	}
	data, err := encode(c.cfg.Cluster, membership.Record{View: v})
	if err != nil {
		return err
	}
	if limit := c.cfg.NC.MaxPayload() / 2; int64(len(data)) > limit {
		return &TooLargeError{Bytes: len(data), Limit: limit, Members: len(v.Members), Types: len(v.Tables)}
	}
	return nil
}
