package main

import (
	"fmt"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"

	"github.com/teff-dev/teff/grain"
	teffv1 "github.com/teff-dev/teff/protos/teff/v1"
)

// A schema is what one grain type looks like, as the silos tell it.
type schema struct {
	typ     string
	service protoreflect.ServiceDescriptor
	options *teffv1.GrainOptions
	methods []*method
	types   resolver
}

// A method is one rpc of a schema.
type method struct {
	protoreflect.MethodDescriptor
	grainType  string
	readOnly   bool
	idempotent bool
	oneWay     bool
	immutable  bool
	timeout    time.Duration // zero: not declared
}

// newSchema finds the type among the files.
func newSchema(typ string, set *descriptorpb.FileDescriptorSet) (*schema, error) {
	files, err := protodesc.FileOptions{AllowUnresolvable: true}.NewFiles(set)
	if err != nil {
		return nil, unreachable("the description of %s cannot be read: %w", typ, err)
	}
	s := &schema{typ: typ, types: resolver{dynamicpb.NewTypes(files)}}
	files.RangeFiles(func(file protoreflect.FileDescriptor) bool {
		for i := range file.Services().Len() {
			service := file.Services().Get(i)
			options, _ := proto.GetExtension(service.Options(), teffv1.E_Grain).(*teffv1.GrainOptions)
			name := options.GetName()
			if name == "" {
				name = string(service.FullName())
			}
			if name == typ {
				s.service, s.options = service, options
			}
		}
		return s.service == nil
	})
	if s.service == nil {
		return nil, unreachable("the description of %s does not have it", typ)
	}
	for i := range s.service.Methods().Len() {
		s.methods = append(s.methods, newMethod(typ, s.service.Methods().Get(i)))
	}
	return s, nil
}

func newMethod(typ string, d protoreflect.MethodDescriptor) *method {
	m := &method{MethodDescriptor: d, grainType: typ}
	if o, ok := d.Options().(*descriptorpb.MethodOptions); ok {
		m.readOnly = o.GetIdempotencyLevel() == descriptorpb.MethodOptions_NO_SIDE_EFFECTS
		m.idempotent = o.GetIdempotencyLevel() == descriptorpb.MethodOptions_IDEMPOTENT
	}
	options, _ := proto.GetExtension(d.Options(), teffv1.E_Method).(*teffv1.MethodOptions)
	m.oneWay, m.immutable = options.GetOneWay(), options.GetImmutable()
	m.timeout = options.GetTimeout().AsDuration()
	return m
}

// method finds a method by its exact name.
func (s *schema) method(name string) (*method, error) {
	names := make([]string, len(s.methods))
	for i, m := range s.methods {
		if names[i] = string(m.Name()); names[i] == name {
			return m, nil
		}
	}
	f := usage("%s has no method %q", s.typ, name)
	f.err = unexecuted(grain.CodeUnimplemented, "%s", f.err.Message())
	if near := closest(name, names); near != "" {
		f.hint("did you mean %s?", near)
	}
	return nil, f.hint("its methods are: %s", strings.Join(names, ", "))
}

// String returns the method as TYPE.METHOD.
func (m *method) String() string { return m.grainType + "." + string(m.Name()) }

// resolver finds the types of a schema, and then those that this program knows.
type resolver struct{ own *dynamicpb.Types }

func (r resolver) FindMessageByName(name protoreflect.FullName) (protoreflect.MessageType, error) {
	if r.own != nil {
		if t, err := r.own.FindMessageByName(name); err == nil {
			return t, nil
		}
	}
	t, err := protoregistry.GlobalTypes.FindMessageByName(name)
	if err != nil {
		return nil, fmt.Errorf("find message %s: %w", name, err)
	}
	return t, nil
}

func (r resolver) FindMessageByURL(url string) (protoreflect.MessageType, error) {
	return r.FindMessageByName(protoreflect.FullName(url[strings.LastIndexByte(url, '/')+1:]))
}

func (r resolver) FindExtensionByName(name protoreflect.FullName) (protoreflect.ExtensionType, error) {
	if r.own == nil {
		return protoregistry.GlobalTypes.FindExtensionByName(name)
	}
	return r.own.FindExtensionByName(name)
}

func (r resolver) FindExtensionByNumber(message protoreflect.FullName, number protoreflect.FieldNumber) (protoreflect.ExtensionType, error) {
	if r.own == nil {
		return protoregistry.GlobalTypes.FindExtensionByNumber(message, number)
	}
	return r.own.FindExtensionByNumber(message, number)
}
