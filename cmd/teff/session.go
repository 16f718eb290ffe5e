package main

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/descriptorpb"

	"github.com/teff-dev/teff/grain"
	"github.com/teff-dev/teff/internal/bus"
	"github.com/teff-dev/teff/internal/wire"
	teffv1 "github.com/teff-dev/teff/protos/teff/v1"
)

// A session is a connection to one cluster.
type session struct {
	nc    *nats.Conn
	mux   *bus.Mux
	names wire.Names
	end   context.CancelCauseFunc // of the session's context
}

func (s *session) close() {
	s.end(nil)
	s.nc.Close()
}

// askWait is how long a silo has to tell what it knows; it takes less than a millisecond.
const askWait = 2 * time.Second

// ask asks silos something that is no call, and reads the answer into m.
func (s *session) ask(ctx context.Context, subject string, m proto.Message) error {
	reply, err := s.mux.Request(ctx, &nats.Msg{Subject: subject}, time.Now().Add(askWait))
	if err != nil {
		return s.unanswered(ctx, err, subject)
	}
	return s.read(reply, m)
}

// read reads an answer into m.
func (s *session) read(reply *nats.Msg, m proto.Message) error {
	if err := wire.DecodeError(wire.Header(reply.Header), reply.Data); err != nil {
		return err
	}
	if err := wire.Unmarshal(wire.CodecProto, reply.Data, m); err != nil {
		return unreachable("what answers in cluster %q cannot be read (is it a Teff cluster of this release?): %s", s.names.Cluster(), sentence(err))
	}
	return nil
}

// unanswered says what it means that a question has no answer.
func (s *session) unanswered(ctx context.Context, err error, subject string) error {
	where := redact(s.nc.ConnectedUrl())
	switch {
	case errors.Is(context.Cause(ctx), nats.ErrPermissionViolation):
		return s.refused(ctx)
	case errors.Is(err, bus.ErrNoResponders):
		return s.nobody(ctx, where)
	case errors.Is(err, context.DeadlineExceeded):
		return unreachable("no silo answered on %s at %s within %s", subject, where, askWait)
	case errors.Is(err, context.Canceled):
		return unreachable("interrupted before anything was called")
	default:
		return unreachable("cannot reach NATS at %s: %w", where, err)
	}
}

// refused says that the NATS server does not let this user do what was tried.
func (s *session) refused(ctx context.Context) *failure {
	f := unreachable("the NATS server refuses: %s", strings.TrimPrefix(context.Cause(ctx).Error(), "nats: "))
	f.err = unexecuted(grain.CodePermissionDenied, "%s", f.err.Message())
	return f.hint("grant that to this user; docs/guide/cli.md lists what each command needs")
}

// nobody says that the cluster has no silo, and which clusters do.
func (s *session) nobody(ctx context.Context, where string) *failure {
	f := unreachable("no silo of cluster %q answers at %s", s.names.Cluster(), where)
	others := s.clusters(ctx)
	switch others = slices.DeleteFunc(others, func(c string) bool { return c == s.names.Cluster() }); len(others) {
	case 0:
		return f.hint("is a silo running? is the cluster's name right (--cluster, or TEFF_CLUSTER)?")
	case 1:
		return f.hint("there is a cluster %q on this server: --cluster %s", others[0], others[0])
	default:
		return f.hint("on this server there are the clusters %s: --cluster NAME", strings.Join(others, ", "))
	}
}

// view asks who is in the cluster.
func (s *session) view(ctx context.Context) (*teffv1.View, error) {
	v := new(teffv1.View)
	if err := s.ask(ctx, s.names.View(), v); err != nil {
		return nil, err
	}
	if v.GetWireVersion() != wire.Version {
		return nil, unreachable("cluster %q speaks version %d of the wire contract, this teff version %d", s.names.Cluster(), v.GetWireVersion(), wire.Version).
			hint("update the older one")
	}
	return v, nil
}

// hosted returns the types that the silos of a view host, sorted.
func hosted(v *teffv1.View) []string {
	types := []string{}
	for _, m := range v.GetMembers() {
		types = append(types, m.GetTypes()...)
	}
	slices.Sort(types)
	return slices.Compact(types)
}

// schema asks what a grain type looks like.
func (s *session) schema(ctx context.Context, typ string) (*schema, error) {
	var set descriptorpb.FileDescriptorSet
	err := s.ask(ctx, s.names.Describe(typ), &set)
	if errors.Is(err, grain.CodeUnimplemented) {
		return nil, s.unknownType(ctx, typ)
	}
	if err != nil {
		return nil, err
	}
	return newSchema(typ, &set)
}

// unknownType says what is hosted instead.
func (s *session) unknownType(ctx context.Context, typ string) error {
	v, err := s.view(ctx)
	if err != nil {
		return err
	}
	f := usage("no silo of cluster %q hosts %s", s.names.Cluster(), typ)
	f.err = unexecuted(grain.CodeUnimplemented, "%s", f.err.Message())
	types := hosted(v)
	if near := closest(typ, types); near != "" {
		f.hint("did you mean %s?", near)
	}
	if len(types) == 0 {
		return f.hint("the silos host no types: is it in Config.Grains?")
	}
	return f.hint("hosted are: %s", strings.Join(types, ", "))
}
