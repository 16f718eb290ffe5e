package seam

import (
	"context"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// Service is one grain type as its proto declares it. Generated code makes one a
// service, when its package is initialised; it never changes afterwards.
type Service struct {
	Type      string // the grain type: the proto's full name, or the declared one
	Desc      protoreflect.ServiceDescriptor
	State     protoreflect.MessageDescriptor // nil: nothing is persisted
	IdleAfter time.Duration                  // zero: the silo's default
	Mailbox   int                            // zero: the silo's default
	Methods   map[string]*Method             // by the rpc's name
}

// Method is one rpc of a grain type.
type Method struct {
	Service    *Service
	Name       string
	Desc       protoreflect.MethodDescriptor
	OneWay     bool          // the caller does not wait
	ReadOnly   bool          // NO_SIDE_EFFECTS
	Retryable  bool          // NO_SIDE_EFFECTS or IDEMPOTENT
	Immutable  bool          // local calls share the messages
	Timeout    time.Duration // zero: the caller's default
	NewRequest func() proto.Message
	NewReply   func() proto.Message

	// Call runs the method of a grain, which is of the service's interface type.
	Call func(grain any, ctx context.Context, req proto.Message) (proto.Message, error)
}

// String returns the method as TYPE.METHOD, for errors and logs.
func (m *Method) String() string { return m.Service.Type + "." + m.Name }
