package graintest

import (
	"context"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/teff-dev/teff/grain"
	"github.com/teff-dev/teff/internal/seam"
)

// records is the store that one grain sees. Only the turn's code touches it, and the
// test between turns.
type records struct {
	tb      testing.TB
	id      grain.ID
	kind    *seam.Kind // nil: nothing to hold the states against
	states  []seam.State
	values  map[string]proto.Message // by the state's name; never shared
	commits int
	fail    error // of the next commit
}

func newRecords(tb testing.TB, id grain.ID, s setup) *records {
	r := &records{tb: tb, id: id, kind: s.kind, values: make(map[string]proto.Message)}
	if s.seed != nil {
		r.values[""] = proto.Clone(s.seed)
	}
	return r
}

// add takes a state that the constructor declares.
func (r *records) add(s seam.State) {
	r.tb.Helper()
	slot := s.Slot()
	for _, other := range r.states {
		if other.Slot().Name == slot.Name {
			r.tb.Fatalf("graintest: the constructor of %s declares its state %q twice: keep what StateOf returns", r.id, slot.Name)
		}
	}
	if r.kind != nil && slot.Name == "" {
		if want := r.kind.Service.State; nameOf(want) != nameOf(slot.Schema) {
			r.tb.Fatalf("graintest: the constructor of %s declares its state as %s, and its service as %s: make them the same", r.id, nameOf(slot.Schema), nameOf(want))
		}
	}
	r.states = append(r.states, s)
}

// nameOf names a message type; nil is none.
func nameOf(d protoreflect.MessageDescriptor) string {
	if d == nil {
		return "none"
	}
	return string(d.FullName())
}

// load gives each declared state its stored value, and refuses a seed that no state
// takes.
func (r *records) load() error {
	r.tb.Helper()
	if seed := r.values[""]; seed != nil {
		r.checkSeed(seed)
	}
	for _, s := range r.states {
		var data []byte
		if value, ok := r.values[s.Slot().Name]; ok {
			encoded, err := proto.Marshal(value)
			if err != nil {
				r.tb.Fatalf("graintest: the state given to %s cannot be stored: %v", r.id, err)
			}
			data = encoded
			s.Slot().Revision = 1
		}
		if err := s.Load(data); err != nil {
			return grain.Errorf(grain.CodeDataLoss, "load the state of %s: %w", r.id, err)
		}
	}
	return nil
}

func (r *records) checkSeed(seed proto.Message) {
	r.tb.Helper()
	got := nameOf(seed.ProtoReflect().Descriptor())
	for _, s := range r.states {
		if slot := s.Slot(); slot.Name == "" {
			if want := nameOf(slot.Schema); got != want {
				r.tb.Fatalf("graintest: WithState got a %s, and the state of %s is a %s", got, r.id, want)
			}
			return
		}
	}
	r.tb.Fatalf("graintest: WithState got a %s, and %s has no state: call StateOf in its constructor", got, r.id)
}

// commit persists all changes or none.
func (r *records) commit(ctx context.Context, changes []seam.Change) error {
	if err := r.fail; err != nil {
		r.fail = nil
		return err
	}
	if err := ctx.Err(); err != nil {
		return grain.Errorf(grain.CodeOf(err), "%s does not commit, its turn's time is over: %w", r.id, err)
	}
	for _, c := range changes {
		if _, err := proto.Marshal(c.Value); err != nil {
			return grain.Errorf(grain.CodeInternal, "encode the state of %s: %w", r.id, err)
		}
	}
	for _, c := range changes {
		r.values[c.Slot.Name] = proto.Clone(c.Value)
		c.Slot.Revision++
	}
	r.commits++
	return nil
}

func (r *records) stored(name string) proto.Message { return cloneOf(r.values[name]) }
