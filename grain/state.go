package grain

import (
	"context"
	"fmt"

	"google.golang.org/protobuf/proto"

	"github.com/teff-dev/teff/internal/seam"
	"github.com/teff-dev/teff/internal/turn"
)

// A State is the persisted state of a grain, loaded before its first turn. T is a
// pointer to the message that the service's option (teff.v1.grain) names.
type State[T proto.Message] struct {
	a      *Activation
	slot   seam.Slot
	value  T
	loaded bool

	// A function of Update runs on a copy made before it: another Update that came in
	// between, from within it or from a branch while it awaits a call, would be undone.
	updating bool
}

// StateOf declares the grain's state. It is for the constructor; the state is loaded
// when the constructor has returned, and Value panics before.
//
// A T that is not what the service declares fails the activation with
// CodeFailedPrecondition and a sentence that names both.
func StateOf[T proto.Message](a *Activation) *State[T] {
	var none T
	s := &State[T]{a: a, slot: seam.Slot{Schema: none.ProtoReflect().Descriptor()}}
	a.host.AddState(stateSeam[T]{s})
	return s
}

// Value returns the state as the last Update left it, or the zero message where there
// was none. It is shared with every reader: do not change it, change a copy in Update.
// It may be kept; a later Update makes a new one.
func (s *State[T]) Value() T {
	if !s.loaded {
		panic(fmt.Sprintf("grain: the state of %s is read before it is loaded: not in the constructor, but from OnActivate on", s.a.ID()))
	}
	return s.value
}

// Update changes the state: f gets a copy, the copy is persisted, and only then it is
// the Value. When f returns an error, or panics, nothing has changed in memory or in
// the store, and Update returns that error as it is.
//
// It needs the context of a turn of this activation that is under way, and is refused
// with CodeFailedPrecondition otherwise, in a method declared NO_SIDE_EFFECTS, and
// while another Update's function runs. A store that refuses makes it fail with
// CodeUnavailable, CodeResourceExhausted (full, or the record is too large); nothing
// has changed then. CodeAborted means that the state was changed elsewhere,
// CodeMaybeExecuted that the store did not say whether it did: both end the activation
// after this turn, and the next call loads what is true.
func (s *State[T]) Update(ctx context.Context, f func(T) error) error {
	t := turn.From(ctx)
	if t == nil || t.Owner() != s.a.host || t.Over() {
		return s.a.strayContext(t, "update its state")
	}
	if t.ReadOnly() {
		return Errorf(CodeFailedPrecondition, "%s cannot update its state in a method declared NO_SIDE_EFFECTS", s.a.ID())
	}
	if s.updating {
		return Errorf(CodeFailedPrecondition, "%s cannot update its state while the function of another Update runs: make calls before Update, and one Update of all that changes", s.a.ID())
	}
	next, err := s.change(f)
	if err != nil {
		return err
	}
	if err := s.a.host.Commit(ctx, seam.Change{Slot: &s.slot, Value: next}); err != nil {
		return err
	}
	s.value = next
	return nil
}

// change returns a copy of the state that f changed.
func (s *State[T]) change(f func(T) error) (T, error) {
	s.updating = true
	defer func() { s.updating = false }()
	next, _ := proto.Clone(s.Value()).(T)
	return next, f(next)
}

// stateSeam keeps what the host does with a state out of the users' sight.
type stateSeam[T proto.Message] struct{ s *State[T] }

func (v stateSeam[T]) Slot() *seam.Slot { return &v.s.slot }

func (v stateSeam[T]) Load(data []byte) error {
	var none T
	value, _ := none.ProtoReflect().New().Interface().(T)
	if err := proto.Unmarshal(data, value); err != nil {
		return err
	}
	v.s.value, v.s.loaded = value, true
	return nil
}
