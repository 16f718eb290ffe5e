package grainrt

import (
	"context"
	"fmt"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"

	"github.com/teff-dev/teff/internal/seam"
	teffv1 "github.com/teff-dev/teff/protos/teff/v1"
)

// Service describes a grain type; see NewService.
type Service = seam.Service

// NewService describes the service called name in file. State is a nil pointer of the
// state message's Go type, or nil for a grain without one. What the proto's options
// say is read from the descriptor, so that a table in generated code cannot disagree
// with it.
func NewService(file protoreflect.FileDescriptor, name protoreflect.Name, state proto.Message) *Service {
	desc := file.Services().ByName(name)
	if desc == nil {
		panic(fmt.Sprintf("grainrt: %s has no service %s: the generated files are of different versions of it, generate them again", file.Path(), name))
	}
	opts, _ := proto.GetExtension(desc.Options(), teffv1.E_Grain).(*teffv1.GrainOptions)
	s := &Service{
		Type:      string(desc.FullName()),
		Desc:      desc,
		IdleAfter: opts.GetIdleAfter().AsDuration(),
		Mailbox:   int(opts.GetMailbox()),
		Methods:   make(map[string]*seam.Method, desc.Methods().Len()),
	}
	if opts.GetName() != "" {
		s.Type = opts.GetName()
	}
	if state != nil {
		s.State = state.ProtoReflect().Descriptor()
	}
	return s
}

// pointer is the constraint of a message type M: its pointer is the message.
type pointer[M any] interface {
	*M
	proto.Message
}

// Method describes one rpc with an answer; see NewMethod.
type Method[Req, Resp proto.Message] struct{ m *seam.Method }

// NewMethod describes the rpc called name. Call is the method expression of the
// service's interface, such as Account.Deposit.
func NewMethod[G, Req, Resp any, PReq pointer[Req], PResp pointer[Resp]](
	s *Service, name string, call func(G, context.Context, PReq) (PResp, error),
) Method[PReq, PResp] {
	m := newMethod[Req, PReq](s, name)
	m.NewReply = func() proto.Message { return PResp(new(Resp)) }
	m.Call = func(grain any, ctx context.Context, req proto.Message) (proto.Message, error) {
		resp, err := call(grain.(G), ctx, req.(PReq)) //nolint:errcheck // the runtime made both
		if resp == nil {
			return nil, err // not a non-nil interface around a nil pointer
		}
		return resp, err
	}
	return Method[PReq, PResp]{m}
}

// OneWay describes one rpc that nobody awaits; see NewOneWay.
type OneWay[Req proto.Message] struct{ m *seam.Method }

// NewOneWay describes the one-way rpc called name.
func NewOneWay[G, Req any, PReq pointer[Req]](
	s *Service, name string, call func(G, context.Context, PReq) error,
) OneWay[PReq] {
	m := newMethod[Req, PReq](s, name)
	m.Call = func(grain any, ctx context.Context, req proto.Message) (proto.Message, error) {
		return nil, call(grain.(G), ctx, req.(PReq)) //nolint:errcheck // the runtime made both
	}
	return OneWay[PReq]{m}
}

// newMethod reads what the proto says about the rpc and enters it in the service.
func newMethod[Req any, PReq pointer[Req]](s *Service, name string) *seam.Method {
	desc := s.Desc.Methods().ByName(protoreflect.Name(name))
	if desc == nil {
		panic(fmt.Sprintf("grainrt: %s has no rpc %s: the generated files are of different versions of it, generate them again", s.Desc.FullName(), name))
	}
	m := &seam.Method{
		Service:    s,
		Name:       name,
		Desc:       desc,
		NewRequest: func() proto.Message { return PReq(new(Req)) },
	}
	if std, ok := desc.Options().(*descriptorpb.MethodOptions); ok {
		level := std.GetIdempotencyLevel()
		m.ReadOnly = level == descriptorpb.MethodOptions_NO_SIDE_EFFECTS
		m.Retryable = m.ReadOnly || level == descriptorpb.MethodOptions_IDEMPOTENT
	}
	if opts, ok := proto.GetExtension(desc.Options(), teffv1.E_Method).(*teffv1.MethodOptions); ok {
		m.OneWay = opts.GetOneWay()
		m.Immutable = opts.GetImmutable()
		m.Timeout = opts.GetTimeout().AsDuration()
	}
	s.Methods[name] = m
	return m
}
