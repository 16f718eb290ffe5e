package grainrt_test

import (
	"context"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/teff-dev/teff/grain/grainrt"
	teffv1 "github.com/teff-dev/teff/protos/teff/v1"
)

// counter is the interface of the service that counterFile declares.
type counter interface {
	Add(ctx context.Context, n *wrapperspb.Int64Value) (*wrapperspb.Int64Value, error)
	Get(ctx context.Context, _ *emptypb.Empty) (*wrapperspb.Int64Value, error)
	Set(ctx context.Context, n *wrapperspb.Int64Value) (*wrapperspb.Int64Value, error)
	Note(ctx context.Context, n *wrapperspb.Int64Value) error
}

// counterFile declares a service with every option, as protoc would.
func counterFile(t *testing.T) protoreflect.FileDescriptor {
	t.Helper()
	const number, empty = ".google.protobuf.Int64Value", ".google.protobuf.Empty"
	file, err := protodesc.NewFile(&descriptorpb.FileDescriptorProto{
		Name:       new("test/v1/counter.proto"),
		Package:    new("test.v1"),
		Syntax:     new("proto3"),
		Dependency: []string{"google/protobuf/wrappers.proto", "google/protobuf/empty.proto", "teff/v1/options.proto"},
		Service: []*descriptorpb.ServiceDescriptorProto{
			{
				Name: new("Counter"),
				Options: serviceOptions(&teffv1.GrainOptions{
					State: "google.protobuf.Int64Value", IdleAfter: durationpb.New(time.Minute), Mailbox: 7,
				}),
				Method: []*descriptorpb.MethodDescriptorProto{
					rpc("Add", number, number, &descriptorpb.MethodOptions{}, nil),
					rpc("Get", empty, number, &descriptorpb.MethodOptions{
						IdempotencyLevel: descriptorpb.MethodOptions_NO_SIDE_EFFECTS.Enum(),
					}, &teffv1.MethodOptions{Immutable: true}),
					rpc("Set", number, number, &descriptorpb.MethodOptions{
						IdempotencyLevel: descriptorpb.MethodOptions_IDEMPOTENT.Enum(),
					}, &teffv1.MethodOptions{Timeout: durationpb.New(time.Second)}),
					rpc("Note", number, empty, &descriptorpb.MethodOptions{}, &teffv1.MethodOptions{OneWay: true}),
				},
			},
			{Name: new("Renamed"), Options: serviceOptions(&teffv1.GrainOptions{Name: "old.Counter"})},
			{Name: new("Bare")},
		},
	}, protoregistry.GlobalFiles)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

func serviceOptions(g *teffv1.GrainOptions) *descriptorpb.ServiceOptions {
	o := new(descriptorpb.ServiceOptions)
	proto.SetExtension(o, teffv1.E_Grain, g)
	return o
}

func rpc(name, in, out string, std *descriptorpb.MethodOptions, own *teffv1.MethodOptions) *descriptorpb.MethodDescriptorProto {
	if own != nil {
		proto.SetExtension(std, teffv1.E_Method, own)
	}
	return &descriptorpb.MethodDescriptorProto{Name: new(name), InputType: new(in), OutputType: new(out), Options: std}
}

// methods are the table that generated code makes.
type methods struct {
	service  *grainrt.Service
	add, set grainrt.Method[*wrapperspb.Int64Value, *wrapperspb.Int64Value]
	get      grainrt.Method[*emptypb.Empty, *wrapperspb.Int64Value]
	note     grainrt.OneWay[*wrapperspb.Int64Value]
}

func counterTable(t *testing.T) methods {
	t.Helper()
	s := grainrt.NewService(counterFile(t), "Counter", (*wrapperspb.Int64Value)(nil))
	return methods{
		service: s,
		add:     grainrt.NewMethod(s, "Add", counter.Add),
		set:     grainrt.NewMethod(s, "Set", counter.Set),
		get:     grainrt.NewMethod(s, "Get", counter.Get),
		note:    grainrt.NewOneWay(s, "Note", counter.Note),
	}
}
