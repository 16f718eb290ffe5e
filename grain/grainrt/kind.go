package grainrt

import (
	"reflect"

	"github.com/teff-dev/teff/grain"
	"github.com/teff-dev/teff/internal/seam"
)

// NewKind makes a kind of the service, whose grains are constructed by construct. G is the
// concrete type, or the service's interface.
func NewKind[G any](s *Service, construct func(*grain.Activation) (G, error), opts ...grain.KindOption) grain.Kind {
	spec := &seam.Kind{
		Service:   s,
		IdleAfter: s.IdleAfter,
		Mailbox:   s.Mailbox,
		Err:       checkHooks(s, reflect.TypeFor[G]()),
	}
	if construct == nil {
		spec.Err = grain.Errorf(grain.CodeInvalidArgument, "the kind of %s has no constructor", s.Type)
	}
	open := reflect.TypeFor[G]().Kind() == reflect.Interface
	spec.New = func(a any) (any, error) {
		g, err := construct(a.(*grain.Activation)) //nolint:errcheck // the host made it
		if err != nil {
			return nil, err
		}
		if v := reflect.ValueOf(g); !v.IsValid() || v.Kind() == reflect.Pointer && v.IsNil() {
			return nil, grain.Errorf(grain.CodeInternal, "the constructor of %s returned neither a grain nor an error", s.Type)
		}
		if open { // only now is it known what the grain is
			if err := checkHooks(s, reflect.TypeOf(g)); err != nil {
				return nil, err
			}
		}
		return g, nil
	}
	for _, opt := range opts {
		opt(spec)
	}
	return grain.MakeKind(spec)
}

// checkHooks refuses a hook that has the name and not the signature, or that belongs to
// the pointer where the constructor returns the value: it would otherwise never be
// called, in silence.
func checkHooks(s *Service, g reflect.Type) error {
	hooks := []struct {
		name string
		as   reflect.Type
		want string
	}{
		{"OnActivate", reflect.TypeFor[grain.Activator](), "OnActivate(context.Context) error"},
		{"OnDeactivate", reflect.TypeFor[grain.Deactivator](), "OnDeactivate(context.Context, grain.DeactivationReason) error"},
	}
	for _, h := range hooks {
		if g.Implements(h.as) {
			continue
		}
		if m, has := g.MethodByName(h.name); has {
			return grain.Errorf(grain.CodeInvalidArgument, "%s, the grain of %s, has %s as %s: it would never be called, write %s",
				g, s.Type, h.name, m.Type, h.want)
		}
		if k := g.Kind(); k == reflect.Pointer || k == reflect.Interface {
			continue
		}
		if _, has := reflect.PointerTo(g).MethodByName(h.name); has {
			return grain.Errorf(grain.CodeInvalidArgument, "*%s has %s, and the constructor of %s returns %s: it would never be called, return a pointer",
				g, h.name, s.Type, g)
		}
	}
	return nil
}
