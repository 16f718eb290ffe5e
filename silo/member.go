package silo

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"google.golang.org/protobuf/proto"

	"github.com/teff-dev/teff/grain"
	"github.com/teff-dev/teff/internal/cluster"
	gates "github.com/teff-dev/teff/internal/core/activation"
	"github.com/teff-dev/teff/internal/core/membership"
	"github.com/teff-dev/teff/internal/release"
	"github.com/teff-dev/teff/persistence"
	teffv1 "github.com/teff-dev/teff/protos/teff/v1"
)

// An incarnation is the silo as one member of the cluster, from its joining until it
// leaves or is declared dead. After a death the silo goes on as another.
type incarnation struct {
	silo    *Silo
	member  *teffv1.Member
	gate    gates.Gate
	shards  *gates.Shards
	cluster *cluster.Cluster
	subs    []*nats.Subscription // its own subjects
	set     chan struct{}        // closed when cluster is set

	joined   chan struct{} // closed when it is in the view, and what it hosts has owners
	joinOnce sync.Once
	over     chan struct{} // closed when it has ended
	err      error         // why; valid once over: nil is that it left
}

// newIncarnation names this run of the silo, never used again.
func newIncarnation() string { return rand.Text()[:20] }

// join makes the silo a member of its cluster, under a new name, and returns when it is
// one.
func (s *Silo) join(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, joinWait+2*s.cfg.timing().Takeover)
	defer cancel()
	inc := &incarnation{
		silo: s,
		member: &teffv1.Member{
			Incarnation: newIncarnation(),
			Name:        s.cfg.Name,
			Release:     release.Version,
			Types:       s.typeNames(),
			Labels:      s.cfg.Labels,
			Store:       s.storeID,
		},
		shards: gates.NewShards(s.typeNames(), s.cfg.Partitions),
		set:    make(chan struct{}),
		joined: make(chan struct{}),
		over:   make(chan struct{}),
	}
	s.present.Store(inc)
	if err := inc.listen(); err != nil {
		return err
	}
	c, err := cluster.Join(ctx, cluster.Config{
		NC:          s.heart,
		Cluster:     s.cfg.Cluster,
		Replicas:    s.cfg.Replicas,
		Self:        inc.member,
		Partitions:  s.cfg.Partitions,
		Timing:      s.cfg.timing(),
		Settle:      s.cfg.settle(),
		Clock:       s.boot,
		Gate:        &inc.gate,
		Host:        inc,
		Logger:      s.log,
		Exempt:      s.server != nil && s.server.New(),
		ExemptFirst: s.storeID != "" || s.cfg.Mesh != nil && s.cfg.Mesh.New,
		Reaped:      s.reaped,
		Generation:  s.store.NextGeneration,
		Check:       inc.checkStores,
		Mutant:      s.rig.Mutant,
	})
	if err != nil {
		return fmt.Errorf("join cluster %q: %w", s.cfg.Cluster, err)
	}
	inc.cluster = c
	close(inc.set)
	select {
	case <-inc.joined:
		s.remember(inc.member.GetIncarnation())
		return nil
	case <-inc.over:
		return inc.err
	case <-ctx.Done():
		return fmt.Errorf("join cluster %q: %w", s.cfg.Cluster, ctx.Err())
	}
}

func (s *Silo) typeNames() []string {
	names := make([]string, len(s.sorted))
	for i, h := range s.sorted {
		names[i] = h.kind.Service.Type
	}
	return names
}

// listen subscribes to what is for this incarnation alone.
func (inc *incarnation) listen() error {
	s, name := inc.silo, inc.member.GetIncarnation()
	for subject, handler := range map[string]nats.MsgHandler{
		s.names.DirectAll(name): s.serveDirect,
		s.names.CtlAll(name):    s.serveControl,
	} {
		sub, err := s.subscribe(s.nc.Subscribe(subject, handler))
		if err != nil {
			return fmt.Errorf("listen on %s: %w", subject, err)
		}
		inc.subs = append(inc.subs, sub)
	}
	return s.nc.Flush()
}

// id is the incarnation's name.
func (inc *incarnation) id() string { return inc.member.GetIncarnation() }

// checkStores refuses a view whose members keep state in different places: each would
// have another truth.
func (inc *incarnation) checkStores(v *membership.View) error {
	for _, m := range v.Members {
		other := new(teffv1.Member)
		if err := proto.Unmarshal(m.Meta, other); err != nil {
			return err
		}
		if other.GetStore() == inc.member.GetStore() {
			continue
		}
		return grain.Errorf(grain.CodeFailedPrecondition,
			"cluster %q has a silo (%s on %s) that keeps state in another store than this one, and then neither would see the other's: give all silos one store that they share (Config.Store), have one process host all grains, or set Config.Cluster to another name",
			inc.silo.cfg.Cluster, m.Incarnation, other.GetName())
	}
	return nil
}

// Changed implements cluster.Host.
func (inc *incarnation) Changed(v *membership.View) {
	inc.silo.router.Update(v)
	if told := inc.silo.rig.Changed; told != nil {
		told(inc.id(), v)
	}
	if !v.Owns(inc.id()) {
		inc.serves(v)
	}
}

// serves closes joined once the silo is a member, what it hosts has owners, and what it
// owns itself is served. Earlier processes of its own that are known to be gone are out of
// the view by then: a call must not be sent to one.
func (inc *incarnation) serves(v *membership.View) {
	if _, member := v.Member(inc.id()); !member {
		return
	}
	for _, m := range v.Members {
		if slices.Contains(inc.silo.reaped, m.Incarnation) {
			return
		}
	}
	for _, typ := range inc.member.GetTypes() {
		if v.Tables[typ] == nil {
			return // in a new bucket it takes a while before anybody may own anything
		}
	}
	inc.joinOnce.Do(func() { close(inc.joined) })
}

// Apply implements cluster.Host. The gate is told first: what it stops has stopped when
// this returns.
func (inc *incarnation) Apply(e membership.Effect) {
	inc.shards.Apply(e)
	switch e := e.(type) {
	case membership.Own:
		inc.own(e.Shards)
	case membership.Seal:
		<-inc.set
		inc.seal(e.Shards)
	case membership.Unseal:
		inc.unseal(e.Shards)
	case membership.Lose:
		inc.lose(e.Shards)
	}
}

func (inc *incarnation) own(owned []membership.Owned) {
	<-inc.set
	generation := inc.cluster.View().Generation
	for _, o := range owned {
		p := inc.silo.partOf(o.Shard)
		if p == nil {
			continue
		}
		t := &tenure{inc: inc, shard: o.Shard, place: inc.shards.Place(o.Shard), fence: persistence.Fence{Generation: generation, Since: o.Since}}
		p.mu.Lock()
		p.tenure, p.drain = t, nil
		p.mu.Unlock()
	}
	inc.serves(inc.cluster.View())
}

// lose gives shards up that are somebody else's. They are empty, unless a turn would not
// end.
func (inc *incarnation) lose(shards []membership.Shard) {
	for _, shard := range shards {
		p := inc.silo.partOf(shard)
		if p == nil {
			continue
		}
		p.mu.Lock()
		if p.tenure == nil || p.tenure.inc != inc {
			p.mu.Unlock()
			continue
		}
		p.tenure = nil
		d := p.drain
		p.drain = nil
		p.mu.Unlock()
		if d != nil {
			d.forget(shard)
		}
		p.each(func(a *activation) {
			a.abandon(grain.Errorf(grain.CodeMaybeExecuted, "%s was taken over by another silo while it was at work", a.id()))
		})
	}
}

// Ended implements cluster.Host.
func (inc *incarnation) Ended(err error) {
	inc.err = err
	close(inc.over)
	s := inc.silo
	switch {
	case s.draining.Load():
	case err == nil:
		s.leftOnce.Do(func() { close(s.left) }) // an administrator drained it
	default:
		select {
		case <-inc.joined:
			s.background(func() { s.rejoin(inc) }) // until it is a member again, or Stop
		default: // Start tells why
		}
	}
}

// rejoin drops all that the incarnation had, and begins again as another. Nothing unsaved
// may be used any more: others own these grains now.
func (s *Silo) rejoin(old *incarnation) {
	s.log.Error("this silo was taken for dead and begins anew: what was not saved is dropped", slog.Any("error", old.err))
	s.rejoins.Add(1)
	old.leave()
	s.reaped = append(s.reaped, old.id()) // it holds nothing any more: nobody need wait for it
	for pause := 50 * time.Millisecond; ; pause = min(2*pause, 5*time.Second) {
		err := s.join(s.lifetime)
		if err == nil {
			return
		}
		s.present.Load().leave()
		s.log.Error("cannot rejoin the cluster yet", slog.Any("error", err))
		select {
		case <-s.stopped:
			return
		case <-time.After(pause):
		}
	}
}

// joinWait is how long joining may take, beside the takeover time which a new bucket, and
// one whose silos have died, must wait for: a NATS cluster may be electing leaders.
const joinWait = 30 * time.Second

// leave lets go of what the incarnation holds. Its activations are given up.
func (inc *incarnation) leave() {
	if inc.cluster != nil {
		inc.cluster.Close()
	}
	for _, sub := range inc.subs {
		err := sub.Unsubscribe() // what has ended before is no news
		if err != nil && !errors.Is(err, nats.ErrConnectionClosed) && !errors.Is(err, nats.ErrBadSubscription) {
			inc.silo.log.Warn("stop listening", slog.Any("error", err))
		}
	}
	var all []membership.Shard
	for _, h := range inc.silo.sorted {
		for p := range h.parts {
			all = append(all, membership.Shard{Type: h.kind.Service.Type, Partition: p})
		}
	}
	inc.lose(all)
}
