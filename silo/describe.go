package silo

import (
	"slices"
	"time"

	"github.com/nats-io/nats.go"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"

	"github.com/teff-dev/teff/grain"
	"github.com/teff-dev/teff/internal/core/membership"
	"github.com/teff-dev/teff/internal/outcome"
	"github.com/teff-dev/teff/internal/wire"
)

// verbDescribe stands before a type's token in the control verb by which a silo is asked
// for what another cannot tell.
const verbDescribe = "describe."

// describeWait is how long one silo may take to describe a type that it hosts.
const describeWait = 2 * time.Second

// serveDescribe answers what a type looks like: the proto files that it is made of. Any
// silo may get the request; those which host the type know.
func (s *Silo) serveDescribe(msg *nats.Msg) {
	typ, err := s.names.ParseDescribe(msg.Subject)
	switch {
	case err != nil:
		s.answer(msg, nil, outcome.NotExecuted(err))
	case s.types[typ] != nil:
		s.describe(msg, s.types[typ])
	case msg.Reply != "" && wire.ReplyAllowed(msg.Reply, s.cfg.ReplyPrefixes):
		s.passing.Go(func() { s.askToDescribe(msg, typ) })
	default:
		s.answer(msg, nil, s.unknownType(typ)) // to nobody, and counted
	}
}

func (s *Silo) describe(msg *nats.Msg, h *hosted) {
	var set descriptorpb.FileDescriptorSet
	addFile(&set, h.kind.Service.Desc.ParentFile(), make(map[string]bool))
	s.answer(msg, &set, nil)
}

// serveDescribeHere answers another silo.
func (s *Silo) serveDescribeHere(msg *nats.Msg, token string) {
	typ, err := wire.ParseTypeToken(token)
	if err != nil {
		s.answer(msg, nil, outcome.NotExecuted(err))
		return
	}
	h := s.types[typ]
	if h == nil {
		s.answer(msg, nil, s.unknownType(typ))
		return
	}
	s.describe(msg, h)
}

// askToDescribe passes a request on to the silos that host the type, one after the other,
// until one has answered.
func (s *Silo) askToDescribe(msg *nats.Msg, typ string) {
	failed := s.unknownType(typ)
	for _, m := range hostsOf(s.router.View(), typ) {
		ask := &nats.Msg{Subject: s.names.Ctl(m, verbDescribe+wire.TypeToken(typ)), Header: msg.Header, Data: msg.Data}
		reply, err := s.mux.Request(s.lifetime, ask, time.Now().Add(describeWait))
		if err == nil {
			s.publish(&nats.Msg{Subject: msg.Reply, Header: reply.Header, Data: reply.Data})
			return
		}
		failed = outcome.Refused(grain.CodeUnavailable, "the silos that host %s do not answer: %w", typ, err)
	}
	s.answer(msg, nil, failed)
}

// hostsOf returns the members that know a type, whatever their state.
func hostsOf(v *membership.View, typ string) []string {
	if v == nil {
		return nil
	}
	var hosts []string
	for _, m := range v.Members {
		if slices.Contains(m.Types, typ) {
			hosts = append(hosts, m.Incarnation)
		}
	}
	return hosts
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
