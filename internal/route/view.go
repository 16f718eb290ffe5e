package route

import (
	"context"
	"errors"
	"time"

	"github.com/nats-io/nats.go"
	"google.golang.org/protobuf/proto"

	"github.com/teff-dev/teff/grain"
	"github.com/teff-dev/teff/internal/bus"
	"github.com/teff-dev/teff/internal/cluster"
	"github.com/teff-dev/teff/internal/core/membership"
	"github.com/teff-dev/teff/internal/outcome"
	"github.com/teff-dev/teff/internal/seam"
	"github.com/teff-dev/teff/internal/wire"
	teffv1 "github.com/teff-dev/teff/protos/teff/v1"
)

// viewWait is how long a silo may take to tell the view.
const viewWait = 2 * time.Second

// Update takes a view, if it is newer than the one at hand.
func (r *Router) Update(v *membership.View) {
	for {
		old := r.view.Load()
		if !v.Newer(old) {
			return
		}
		if r.view.CompareAndSwap(old, v) {
			r.peers.outlive(old, v)
			return
		}
	}
}

// View is the newest view; nil: none yet.
func (r *Router) View() *membership.View { return r.view.Load() }

// Follow keeps the router's view up to date with what silos announce. A silo's router
// needs no such thing.
func (r *Router) Follow() (*nats.Subscription, error) {
	r.follows = true
	return r.nc.Subscribe(r.names.ViewChanged(), func(msg *nats.Msg) {
		if v, err := r.readView(msg.Data); err == nil {
			r.Update(v)
		}
	})
}

// Refresh asks a silo for the view, once.
func (r *Router) Refresh(ctx context.Context) error {
	reply, err := r.mux.Request(ctx, &nats.Msg{Subject: r.names.View()}, time.Now().Add(viewWait))
	if err != nil {
		return err
	}
	if err := wire.DecodeError(wire.Header(reply.Header), reply.Data); err != nil {
		return err
	}
	v, err := r.readView(reply.Data)
	if err != nil {
		return err
	}
	r.Update(v)
	return nil
}

// stale makes the next attempt look for a newer view than v.
func (r *Router) stale(v *membership.View) {
	if r.follows {
		r.doubted.Store(v)
	}
}

// knownView returns the view, which it asks for if there is none yet, or if the one at
// hand has sent us to the wrong silo.
func (r *Router) knownView(ctx context.Context, m *seam.Method, deadline time.Time) (*membership.View, *grain.Error) {
	v := r.view.Load()
	if !r.follows || v != nil && r.doubted.Load() != v {
		return v, nil
	}
	until := time.Now().Add(viewWait)
	if deadline.Before(until) {
		until = deadline
	}
	reply, err := r.mux.Request(ctx, &nats.Msg{Subject: r.names.View()}, until)
	switch {
	case errors.Is(err, context.Canceled):
		return nil, outcome.ContextEnded(err, m, false)
	case errors.Is(err, bus.ErrNoResponders), errors.Is(err, context.DeadlineExceeded):
		return nil, outcome.Refused(grain.CodeUnavailable, "no silo of cluster %q answers at %s (is one running? is the cluster's name right?)", r.names.Cluster(), r.nc.ConnectedUrlRedacted())
	case errors.Is(err, bus.ErrAbandoned):
		return nil, r.unsent(bus.ErrClosed, m) // the view was asked for, not yet the grain
	case err != nil:
		return nil, r.unsent(err, m)
	}
	if err := wire.DecodeError(wire.Header(reply.Header), reply.Data); err != nil {
		return nil, outcome.NotExecuted(err)
	}
	v, err = r.readView(reply.Data)
	if err != nil {
		return nil, outcome.NotExecuted(err)
	}
	r.Update(v)
	r.doubted.CompareAndSwap(r.view.Load(), nil)
	return r.view.Load(), nil
}

// readView decodes a view, and refuses one of another cluster's or contract's.
func (r *Router) readView(data []byte) (*membership.View, error) {
	record := new(teffv1.View)
	if err := proto.Unmarshal(data, record); err != nil {
		return nil, grain.Errorf(grain.CodeInternal, "the view of cluster %q cannot be decoded: %w", r.names.Cluster(), err)
	}
	if record.GetWireVersion() != wire.Version {
		return nil, grain.Errorf(grain.CodeFailedPrecondition, "cluster %q speaks version %d of the wire contract, this program version %d: update the older one",
			r.names.Cluster(), record.GetWireVersion(), wire.Version)
	}
	v, err := cluster.DecodeView(record)
	if err != nil {
		return nil, grain.Errorf(grain.CodeOf(err), "the view of cluster %q cannot be used: %w", r.names.Cluster(), err)
	}
	return v, nil
}

// Owner is the incarnation that owns the grain's shard in the newest view; "" is nobody.
func (r *Router) Owner(typ, key string) string {
	v := r.view.Load()
	if v == nil {
		return ""
	}
	owner, _ := v.Owner(membership.Shard{Type: typ, Partition: int(wire.PartitionOf(typ, key, uint32(v.Partitions)))})
	return owner
}

// owner does the same in one view, and says why there is none.
func (r *Router) owner(v *membership.View, typ, key string) (string, *grain.Error) {
	p := int(wire.PartitionOf(typ, key, uint32(v.Partitions)))
	owner, _ := v.Owner(membership.Shard{Type: typ, Partition: p})
	switch {
	case owner != "":
		return owner, nil
	case v.Tables[typ] == nil && len(v.Hosts(typ)) == 0:
		return "", outcome.Refused(grain.CodeUnimplemented, "no silo of cluster %q hosts %s (is it in Config.Grains?)", r.names.Cluster(), typ)
	default:
		return "", outcome.Refused(grain.CodeUnavailable, "nobody owns %s/%s right now: its silos are starting, stopping, or dead", typ, key)
	}
}
