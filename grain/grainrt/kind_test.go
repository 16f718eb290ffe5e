package grainrt_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/teff-dev/teff/grain"
	"github.com/teff-dev/teff/grain/grainrt"
)

// Grains with hooks, right and wrong.
type (
	noHooks    struct{ counter }
	rightHooks struct{ counter }
	noContext  struct{ counter }
	noReason   struct{ counter }
	noError    struct{ counter }
)

func (*rightHooks) OnActivate(context.Context) error                             { return nil }
func (*rightHooks) OnDeactivate(context.Context, grain.DeactivationReason) error { return nil }
func (*noContext) OnActivate() error                                             { return nil }
func (*noReason) OnDeactivate(context.Context) error                             { return nil }
func (noError) OnActivate(context.Context)                                       {}

// errOf is what is wrong with the kind of a grain type G.
func errOf[G any](t *testing.T) error {
	t.Helper()
	construct := func(*grain.Activation) (G, error) { var g G; return g, nil }
	return grain.SpecOf(grainrt.NewKind(counterTable(t).service, construct)).Err
}

func TestHooksThatWouldNeverBeCalledAreRefused(t *testing.T) {
	for name, err := range map[string]error{
		"pointer without hooks":       errOf[*noHooks](t),
		"value without hooks":         errOf[noHooks](t),
		"pointer with right hooks":    errOf[*rightHooks](t),
		"the service's own interface": errOf[counter](t),
	} {
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, c := range map[string]struct {
		err  error
		says []string
	}{
		"without its context":    {errOf[*noContext](t), []string{"OnActivate", "noContext", "write OnActivate(context.Context) error"}},
		"without its reason":     {errOf[*noReason](t), []string{"OnDeactivate", "write OnDeactivate(context.Context, grain.DeactivationReason) error"}},
		"without its error":      {errOf[*noError](t), []string{"OnActivate", "write"}},
		"value, wrong":           {errOf[noError](t), []string{"OnActivate", "write"}},
		"right, but the pointer": {errOf[rightHooks](t), []string{"OnActivate", "return a pointer"}},
		"wrong, and the pointer": {errOf[noReason](t), []string{"OnDeactivate", "return a pointer"}},
	} {
		if !errors.Is(c.err, grain.CodeInvalidArgument) {
			t.Errorf("%s: got %v, want INVALID_ARGUMENT", name, c.err)
			continue
		}
		for _, part := range append(c.says, "test.v1.Counter") {
			if !strings.Contains(c.err.Error(), part) {
				t.Errorf("%s: the error does not say %q: %v", name, part, c.err)
			}
		}
	}
}

// made is what the kind's constructor makes of what construct returns.
func made[G any](t *testing.T, g G, err error) (any, error) {
	t.Helper()
	kind := grainrt.NewKind(counterTable(t).service, func(*grain.Activation) (G, error) { return g, err })
	return grain.SpecOf(kind).New(new(grain.Activation))
}

func TestWhatAConstructorReturnsIsChecked(t *testing.T) {
	g := new(noHooks)
	if got, err := made(t, g, nil); err != nil || got != g {
		t.Errorf("got %v, %v", got, err)
	}
	if got, err := made(t, noHooks{}, nil); err != nil || got != (noHooks{}) {
		t.Errorf("a value: got %v, %v", got, err)
	}
	broke := errors.New("broke")
	if got, err := made(t, g, broke); !errors.Is(err, broke) || got != nil {
		t.Errorf("got %v, %v; want the constructor's error and no grain", got, err)
	}
	for name, f := range map[string]func() (any, error){
		"nil pointer":                  func() (any, error) { return made[*noHooks](t, nil, nil) },
		"nil interface":                func() (any, error) { return made[counter](t, nil, nil) },
		"nil pointer in the interface": func() (any, error) { return made[counter](t, (*noHooks)(nil), nil) },
	} {
		got, err := f()
		if !errors.Is(err, grain.CodeInternal) || !strings.Contains(err.Error(), "neither a grain nor an error") || got != nil {
			t.Errorf("%s: got %v, %v", name, got, err)
		}
	}
}

// A constructor that returns the interface shows only at run time what it makes.
func TestHooksBehindTheInterfaceAreCheckedWhenTheGrainIsMade(t *testing.T) {
	if _, err := made[counter](t, new(noContext), nil); !errors.Is(err, grain.CodeInvalidArgument) || !strings.Contains(err.Error(), "OnActivate") {
		t.Errorf("a hook that would never be called: got %v", err)
	}
	if got, err := made[counter](t, new(rightHooks), nil); err != nil || got == nil {
		t.Errorf("right hooks: got %v, %v", got, err)
	}
}

func TestAKindWithoutAConstructorIsRefused(t *testing.T) {
	kind := grainrt.NewKind[*noHooks](counterTable(t).service, nil)
	if err := grain.SpecOf(kind).Err; !errors.Is(err, grain.CodeInvalidArgument) || !strings.Contains(err.Error(), "no constructor") {
		t.Errorf("got %v", err)
	}
}

func TestOptionsOverrideTheProto(t *testing.T) {
	service := counterTable(t).service
	construct := func(*grain.Activation) (*noHooks, error) { return new(noHooks), nil }
	kind := grainrt.NewKind(service, construct)
	if kind.Type() != "test.v1.Counter" || (grain.Kind{}).Type() != "" {
		t.Errorf("types %q and %q", kind.Type(), (grain.Kind{}).Type())
	}
	spec := grain.SpecOf(kind)
	if spec.IdleAfter != time.Minute || spec.Mailbox != 7 || spec.MaxActivations != 0 || spec.Service != service {
		t.Errorf("without options: idle after %v, mailbox %d, cap %d; want the proto's", spec.IdleAfter, spec.Mailbox, spec.MaxActivations)
	}
	spec = grain.SpecOf(grainrt.NewKind(service, construct, grain.IdleAfter(-1), grain.Mailbox(3), grain.MaxActivations(9)))
	if spec.Err != nil || spec.IdleAfter != -1 || spec.Mailbox != 3 || spec.MaxActivations != 9 {
		t.Errorf("with options: %v, idle after %v, mailbox %d, cap %d", spec.Err, spec.IdleAfter, spec.Mailbox, spec.MaxActivations)
	}
	for _, opt := range []grain.KindOption{grain.Mailbox(0), grain.Mailbox(-1), grain.MaxActivations(-1)} {
		if err := grain.SpecOf(grainrt.NewKind(service, construct, opt)).Err; !errors.Is(err, grain.CodeInvalidArgument) || !strings.Contains(err.Error(), "test.v1.Counter") {
			t.Errorf("an option out of range: got %v", err)
		}
	}
}
