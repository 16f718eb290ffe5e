package codegen_test

import (
	"context"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/teff-dev/teff/grain"
	"github.com/teff-dev/teff/internal/seam"
)

// grainCode is the generated code of one grain type.
type grainCode struct {
	typ           string // what the grain type should be
	state         string // what the state message should be; empty: none
	methods       string // the rpcs, in order; one-way ones end in "!"
	kind          func(construct func(*grain.Activation) (any, error)) grain.Kind
	of            func(caller grain.Caller, key string) any
	unimplemented any
	as            reflect.Type // the interface
	constants     []string     // the grain type's, and the methods'
}

// code collects what is generated for a service, whose interface is G.
func code[G any](
	typ, state, methods string,
	kind func(func(*grain.Activation) (G, error), ...grain.KindOption) grain.Kind,
	of func(grain.Caller, string) G,
	unimplemented G,
	constants ...string,
) grainCode {
	return grainCode{
		typ: typ, state: state, methods: methods, as: reflect.TypeFor[G](), constants: constants,
		unimplemented: unimplemented,
		of:            func(caller grain.Caller, key string) any { return of(caller, key) },
		kind: func(construct func(*grain.Activation) (any, error)) grain.Kind {
			return kind(func(a *grain.Activation) (G, error) {
				made, err := construct(a)
				return made.(G), err
			})
		},
	}
}

// host calls grains of one kind: what a silo does, within the test.
type host struct {
	kind  *seam.Kind
	grain any
	got   *seam.Method // the method that was called last
}

func (h *host) Invoke(ctx context.Context, m *seam.Method, key string, req proto.Message) (proto.Message, error) {
	registered := h.kind.Service.Methods[m.Name]
	if registered == nil || registered != m {
		return nil, grain.Errorf(grain.CodeUnimplemented, "%s is not in the kind's table", m)
	}
	if key != "key" || reflect.TypeOf(req) != reflect.TypeOf(m.NewRequest()) {
		return nil, grain.Errorf(grain.CodeInternal, "called %s of %q with a %T", m, key, req)
	}
	h.got = m
	return m.Call(h.grain, ctx, req)
}

// recorder is where the grain's own calls end: the grain under test is a ref, which
// implements the same interface, and whose calls show which of its methods ran.
type recorder struct {
	method *seam.Method
	req    proto.Message
	answer proto.Message
}

func (r *recorder) Invoke(_ context.Context, m *seam.Method, _ string, req proto.Message) (proto.Message, error) {
	r.method, r.req, r.answer = m, req, nil
	if m.NewReply != nil {
		r.answer = m.NewReply()
	}
	return r.answer, nil
}

// TestCalls calls every method of every case: from a ref through the kind's table to
// the grain's method of that name, and back.
func TestCalls(t *testing.T) {
	for _, c := range goldenCode() {
		t.Run(c.typ, func(t *testing.T) {
			last := &recorder{}
			spec := grain.SpecOf(c.kind(func(*grain.Activation) (any, error) { return c.of(last, "inner"), nil }))
			checkSpec(t, c, spec)
			made, err := spec.New(&grain.Activation{})
			if err != nil {
				t.Fatal(err)
			}
			h := &host{kind: spec, grain: made}
			ref := c.of(h, "key")
			if id := ref.(interface{ GrainID() grain.ID }).GrainID(); id != (grain.ID{Type: c.typ, Key: "key"}) {
				t.Errorf("the ref says it is of %s", id)
			}
			names := strings.Fields(c.methods)
			if c.as.NumMethod() != len(names) {
				t.Errorf("the interface has %d methods, the service %d", c.as.NumMethod(), len(names))
			}
			for i, name := range names {
				name, oneWay := strings.CutSuffix(name, "!")
				if c.constants[i+1] != name {
					t.Errorf("constant %d is %q, want %q", i+1, c.constants[i+1], name)
				}
				checkCall(t, spec.Service.Methods[name], oneWay, ref, h, last)
				checkUnimplemented(t, c, name, oneWay)
			}
		})
	}
}

func checkSpec(t *testing.T, c grainCode, spec *seam.Kind) {
	t.Helper()
	if spec.Err != nil {
		t.Fatal(spec.Err)
	}
	s := spec.Service
	if s.Type != c.typ || c.constants[0] != c.typ {
		t.Errorf("the type is %s, and its constant %s; want %s", s.Type, c.constants[0], c.typ)
	}
	state := ""
	if s.State != nil {
		state = string(s.State.FullName())
	}
	if state != c.state {
		t.Errorf("the state is %q, want %q", state, c.state)
	}
	var names []string
	for i := range s.Desc.Methods().Len() {
		name := string(s.Desc.Methods().Get(i).Name())
		m := s.Methods[name]
		if m == nil {
			t.Fatalf("the kind lacks %s", name)
		}
		if m.OneWay {
			name += "!"
		}
		names = append(names, name)
	}
	if want := strings.Fields(c.methods); !slices.Equal(names, want) || len(s.Methods) != len(want) {
		t.Errorf("the methods are %q (%d in the table), want %q", names, len(s.Methods), want)
	}
}

// goMethod returns the method of v that is the rpc's.
func goMethod(t *testing.T, v any, rpc string) reflect.Value {
	t.Helper()
	name := strings.ToUpper(rpc[:1]) + rpc[1:]
	switch rpc {
	case "do_it_now":
		name = "DoItNow"
	case "_hidden":
		name = "XHidden"
	}
	f := reflect.ValueOf(v).MethodByName(name)
	if !f.IsValid() {
		t.Fatalf("%T has no method %s", v, name)
	}
	return f
}

func checkCall(t *testing.T, m *seam.Method, oneWay bool, ref any, h *host, last *recorder) {
	t.Helper()
	req := m.NewRequest()
	h.got, last.method = nil, nil
	out := goMethod(t, ref, m.Name).Call([]reflect.Value{reflect.ValueOf(t.Context()), reflect.ValueOf(req)})
	if err, _ := reflect.TypeAssert[error](out[len(out)-1]); err != nil {
		t.Errorf("%s: %v", m, err)
		return
	}
	if h.got != m || last.method != m || last.req != req {
		t.Errorf("a call of %s went out as %v, and the grain's %v ran", m, h.got, last.method)
	}
	if m.OneWay != oneWay || (len(out) == 1) != oneWay {
		t.Errorf("%s: one-way is %t, and it has %d results", m, m.OneWay, len(out))
	}
	if !oneWay && out[0].Interface() != any(last.answer) {
		t.Errorf("%s answered %v, not what the grain did", m, out[0])
	}
}

func checkUnimplemented(t *testing.T, c grainCode, name string, oneWay bool) {
	t.Helper()
	f := goMethod(t, c.unimplemented, name)
	out := f.Call([]reflect.Value{reflect.ValueOf(t.Context()), reflect.Zero(f.Type().In(1))})
	err, _ := reflect.TypeAssert[error](out[len(out)-1])
	if grain.CodeOf(err) != grain.CodeUnimplemented || !strings.Contains(err.Error(), c.typ+"."+name+" ") {
		t.Errorf("Unimplemented's %s answers %v", name, err)
	}
	if !oneWay && !out[0].IsNil() {
		t.Errorf("Unimplemented's %s answers %v beside the error", name, out[0])
	}
}

// TestCallsAreComplete holds the table of cases against what is generated.
func TestCallsAreComplete(t *testing.T) {
	kinds := 0
	for _, content := range goFiles(t, goldens) {
		kinds += len(regexp.MustCompile(`(?m)^func \w+Kind\[`).FindAll(content, -1))
	}
	if calls := len(goldenCode()); kinds != calls {
		t.Errorf("%d grain types are generated, and %d are called", kinds, calls)
	}
}
