package silo

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
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

// serveDescribe answers what a type looks like: the proto files that it is made of.
func (s *Silo) serveDescribe(msg *nats.Msg) {
	typ, err := s.names.ParseDescribe(msg.Subject)
	if err != nil {
		s.answer(msg, nil, outcome.NotExecuted(err))
		return
	}
	h := s.types[typ]
	if h == nil {
		s.answer(msg, nil, s.unknownType(typ))
		return
	}
	var set descriptorpb.FileDescriptorSet
	addFile(&set, h.kind.Service.Desc.ParentFile(), make(map[string]bool))
	s.answer(msg, &set, nil)
}

// addFile adds a file behind the files that it imports.
func addFile(set *descriptorpb.FileDescriptorSet, file protoreflect.FileDescriptor, seen map[string]bool) {
	if seen[file.Path()] || file.IsPlaceholder() {
		return
	}
	seen[file.Path()] = true
	for i := range file.Imports().Len() {
		addFile(set, file.Imports().Get(i).FileDescriptor, seen)
	}
	set.File = append(set.File, protodesc.ToFileDescriptorProto(file))
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
	switch {
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
