package graintest

import (
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/teff-dev/teff/grain"
	"github.com/teff-dev/teff/internal/seam"
)

// An Option sets a harness up before its grain is constructed.
type Option func(*setup)

// setup is what the options say.
type setup struct {
	typ    string
	kind   *seam.Kind // nil: the test named none
	seed   proto.Message
	caller *Caller
}

// WithState stores a copy of the message as the grain's state before it is loaded.
// Without it, and with nil, the grain starts with the zero message. The Stored of an
// earlier harness makes this one the grain's next activation.
func WithState(state proto.Message) Option {
	return func(s *setup) { s.seed = state }
}

// WithType names the grain's type, as in bank.v1.Account. The default is test.Grain.
func WithType(name string) Option {
	return func(s *setup) { s.typ = name }
}

// WithKind takes the type's name from a kind, and holds the grain against it as a silo
// would: its registration must be sound, and its state the message that the service
// declares.
func WithKind(kind grain.Kind) Option {
	return func(s *setup) {
		s.kind = grain.SpecOf(kind)
		s.typ = kind.Type()
	}
}

// WithCaller has the grain's outgoing calls answered by c. It is for what must be
// canned before OnActivate runs, and for several grains that share their replies.
func WithCaller(c *Caller) Option {
	return func(s *setup) { s.caller = c }
}

// A TurnOption says how a turn differs from an ordinary one.
type TurnOption func(*turnSetup)

type turnSetup struct {
	readOnly bool
	timeout  time.Duration
}

// ReadOnly makes the turn one of a method declared NO_SIDE_EFFECTS: Update is refused.
func ReadOnly() TurnOption {
	return func(s *turnSetup) { s.readOnly = true }
}

// Timeout makes the turn's deadline d from now instead of 30 s. A turn that begins
// with a negative one is too late already.
func Timeout(d time.Duration) TurnOption {
	return func(s *turnSetup) { s.timeout = d }
}
