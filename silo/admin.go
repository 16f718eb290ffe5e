package silo

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/emptypb"

	"github.com/teff-dev/teff/grain"
	"github.com/teff-dev/teff/internal/cluster"
	"github.com/teff-dev/teff/internal/core/membership"
	"github.com/teff-dev/teff/internal/outcome"
	"github.com/teff-dev/teff/internal/wire"
	teffv1 "github.com/teff-dev/teff/protos/teff/v1"
)

// serveView answers who is in the cluster, and who owns what.
func (s *Silo) serveView(msg *nats.Msg) {
	v := s.router.View()
	if v == nil || v.Generation == 0 {
		s.answer(msg, nil, outcome.Refused(grain.CodeUnavailable, "this silo is not a member of cluster %q yet", s.cfg.Cluster))
		return
	}
	record, err := cluster.EncodeView(s.cfg.Cluster, v)
	if err != nil {
		s.answer(msg, nil, grain.Errorf(grain.CodeInternal, "encode the view: %w", err))
		return
	}
	s.answer(msg, record, nil)
}

// serveControl answers administrators.
func (s *Silo) serveControl(msg *nats.Msg) {
	inc := s.present.Load()
	verb := strings.TrimPrefix(msg.Subject, s.names.Ctl(inc.id(), ""))
	state, ok := map[string]membership.MemberState{
		"drain":    membership.Leaving,
		"cordon":   membership.Cordoned,
		"uncordon": membership.Active,
	}[verb]
	describes, describe := strings.CutPrefix(verb, verbDescribe)
	switch {
	case describe:
		s.serveDescribeHere(msg, describes)
	case verb == "status":
		s.answer(msg, s.status(), nil)
	case verb == "ready":
		s.answer(msg, &emptypb.Empty{}, s.unready())
	case ok:
		<-inc.set
		inc.cluster.Tell(membership.SetState{Incarnation: inc.id(), State: state})
		s.answer(msg, &emptypb.Empty{}, nil)
	default:
		s.answer(msg, nil, outcome.Refused(grain.CodeUnimplemented, "a silo of this release has no control verb %q", verb))
	}
}

// unready says why the silo should not be sent anything; nil: it serves.
func (s *Silo) unready() *grain.Error {
	inc := s.present.Load()
	_, member := s.router.View().Member(inc.id())
	switch {
	case s.draining.Load():
		return stopping()
	case !member:
		return outcome.Refused(grain.CodeUnavailable, "this silo is not a member of cluster %q yet", s.cfg.Cluster)
	case !inc.gate.Open(s.boot.Now()):
		return outcome.Refused(grain.CodeUnavailable, "this silo has lost touch with its cluster")
	case s.server != nil && !s.server.Current():
		return outcome.Refused(grain.CodeUnavailable, "this silo's node of the mesh is behind the others, and catches up")
	default:
		return nil
	}
}

// member is the silo as the view has it.
func (s *Silo) member() *teffv1.Member {
	inc := s.present.Load()
	m, ok := proto.Clone(inc.member).(*teffv1.Member)
	if in, member := s.router.View().Member(inc.id()); ok && member {
		m.State, m.Joined = teffv1.MemberState(in.State), in.Joined
	}
	return m
}

func (s *Silo) status() *teffv1.SiloStatus {
	st := &teffv1.SiloStatus{
		Silo:   s.member(),
		Uptime: durationpb.New(time.Since(s.started)),
		Counters: &teffv1.Counters{
			RefusedReplies: s.refusedReplies.Load(),
			OneWayErrors:   s.oneWayErrors.Load(),
			Panics:         s.panics.Load(),
		},
	}
	for _, h := range s.sorted {
		st.Types = append(st.Types, &teffv1.TypeStatus{
			Type:        h.kind.Service.Type,
			Activations: h.live.Load(),
			Turns:       h.turns.Load(),
			Errors:      h.errors.Load(),
		})
	}
	slices.SortFunc(st.Types, func(a, b *teffv1.TypeStatus) int { return cmp.Compare(a.GetType(), b.GetType()) })
	return st
}

// answer answers anything but a call: a message, or an error.
func (s *Silo) answer(msg *nats.Msg, m proto.Message, err *grain.Error) {
	if msg.Reply == "" {
		return // nobody asked
	}
	if !wire.ReplyAllowed(msg.Reply, s.cfg.ReplyPrefixes) {
		s.refusedReplies.Add(1)
		return
	}
	codec, detectErr := wire.DetectCodec(wire.Header(msg.Header), msg.Data)
	if detectErr != nil {
		codec = wire.CodecProto
	}
	if err == nil {
		data, encodeErr := wire.Append(codec, nil, m)
		if encodeErr == nil {
			s.publish(&nats.Msg{Subject: msg.Reply, Data: data})
			return
		}
		err = grain.Errorf(grain.CodeInternal, "encode the answer: %w", encodeErr)
	}
	s.publishError(msg.Reply, codec, err)
}
