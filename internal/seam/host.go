package seam

import (
	"context"
	"log/slog"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/anypb"
)

// Host is what an activation lives in: a silo's, or a test kit's.
type Host interface {
	// Identity is the grain's type and key.
	Identity() (grainType, key string)

	// Invoke calls another grain. The context was checked to be of a live turn of
	// this host's.
	Invoke(ctx context.Context, m *Method, key string, req proto.Message) (proto.Message, error)

	// AddState registers a named state while the constructor runs. What is wrong with
	// it fails the activation.
	AddState(s State)

	// Commit persists all changes or none, and records their new revisions in the
	// slots.
	Commit(ctx context.Context, changes ...Change) error

	// Go runs f as a turn of its own, later.
	Go(f func(context.Context) error) error

	// DeactivateOnIdle ends the activation as soon as no call waits for it.
	DeactivateOnIdle()

	// DelayDeactivation keeps the activation for at least d from now.
	DelayDeactivation(d time.Duration)

	// Logger has the grain's identity among its attributes.
	Logger() *slog.Logger
}

// State is a grain's named state as its host sees it.
type State interface {
	// Slot is the state's place in the store.
	Slot() *Slot
	// Load takes the stored bytes; nil stands for no record, which is the zero message.
	Load(data []byte) error
}

// Slot is a named state's place in the store.
type Slot struct {
	Name     string // "" is the grain's main state
	Schema   protoreflect.MessageDescriptor
	Revision uint64 // the host's to write; zero: no record
}

// Change is a new value for a slot.
type Change struct {
	Slot  *Slot
	Value proto.Message
}

// Fault is the content of a *grain.Error.
type Fault struct {
	Code        int // a grain.Code
	Message     string
	Details     []*anypb.Any
	Cause       error // stays in the process
	NotExecuted bool  // the runtime knows that the method did not begin
}
