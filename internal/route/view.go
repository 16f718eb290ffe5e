package route

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/nats-io/nats.go"
	"google.golang.org/protobuf/proto"

	"github.com/teff-dev/teff/grain"
	"github.com/teff-dev/teff/internal/bus"
	"github.com/teff-dev/teff/internal/outcome"
	"github.com/teff-dev/teff/internal/wire"
	teffv1 "github.com/teff-dev/teff/protos/teff/v1"
)

// knownView returns the view, which it fetches if there is none yet.
func (r *Router) knownView(ctx context.Context, q *request) (*teffv1.View, *grain.Error) {
	if v := r.view.Load(); v != nil {
		return v, nil
	}
	until := time.Now().Add(viewWait)
	if q.deadline.Before(until) {
		until = q.deadline
	}
	reply, err := r.mux.Request(ctx, &nats.Msg{Subject: r.names.View()}, until)
	switch {
	case errors.Is(err, context.Canceled):
		return nil, outcome.ContextEnded(err, q.method, false)
	case errors.Is(err, bus.ErrNoResponders), errors.Is(err, context.DeadlineExceeded):
		return nil, outcome.Refused(grain.CodeUnavailable, "no silo of cluster %q answers at %s (is one running? is the cluster's name right?)", r.names.Cluster(), r.nc.ConnectedUrlRedacted())
	case errors.Is(err, bus.ErrAbandoned):
		return nil, r.unsent(bus.ErrClosed, q.method) // the view was asked for, not yet the grain
	case err != nil:
		return nil, r.unsent(err, q.method)
	}
	if err := wire.DecodeError(wire.Header(reply.Header), reply.Data); err != nil {
		return nil, outcome.NotExecuted(err)
	}
	view := new(teffv1.View)
	if err := proto.Unmarshal(reply.Data, view); err != nil {
		return nil, outcome.Refused(grain.CodeInternal, "the view of cluster %q cannot be decoded: %w", r.names.Cluster(), err)
	}
	if view.GetWireVersion() != wire.Version {
		return nil, outcome.Refused(grain.CodeFailedPrecondition, "cluster %q speaks version %d of the wire contract, this program version %d: update the older one",
			r.names.Cluster(), view.GetWireVersion(), wire.Version)
	}
	r.view.Store(view)
	return view, nil
}

// viewWait is how long a silo may take to tell the view.
const viewWait = 2 * time.Second

// owner returns the incarnation of the silo that has the grain.
func (r *Router) owner(ctx context.Context, q *request) (string, *grain.Error) {
	view, err := r.knownView(ctx, q)
	if err != nil {
		return "", err
	}
	for _, m := range view.GetMembers() {
		if slices.Contains(m.GetTypes(), q.method.Service.Type) {
			return m.GetIncarnation(), nil
		}
	}
	r.view.Store(nil) // a silo that hosts it may join later
	return "", outcome.Refused(grain.CodeUnimplemented, "no silo of cluster %q hosts %s (is it in Config.Grains?)", r.names.Cluster(), q.method.Service.Type)
}
