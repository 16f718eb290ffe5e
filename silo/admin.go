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

	"github.com/teff-dev/teff/grain"
	"github.com/teff-dev/teff/internal/outcome"
	"github.com/teff-dev/teff/internal/wire"
	teffv1 "github.com/teff-dev/teff/protos/teff/v1"
)

// serveView answers who is in the cluster.
func (s *Silo) serveView(msg *nats.Msg) {
	s.answer(msg, &teffv1.View{
		Cluster:     s.cfg.Cluster,
		WireVersion: wire.Version,
		Epoch:       1,
		Partitions:  uint32(s.cfg.Partitions),
		Members:     []*teffv1.Member{s.member},
	}, nil)
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
	switch verb := strings.TrimPrefix(msg.Subject, s.names.Ctl(s.member.GetIncarnation(), "")); verb {
	case "status":
		s.answer(msg, s.status(), nil)
	default:
		s.answer(msg, nil, outcome.Refused(grain.CodeUnimplemented, "a silo of this release has no control verb %q", verb))
	}
}

func (s *Silo) status() *teffv1.SiloStatus {
	st := &teffv1.SiloStatus{
		Silo:   s.member,
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
