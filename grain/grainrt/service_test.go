package grainrt_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/teff-dev/teff/grain/grainrt"
)

func TestServicesSayWhatTheProtoSays(t *testing.T) {
	s := counterTable(t).service
	if s.Type != "test.v1.Counter" || s.IdleAfter != time.Minute || s.Mailbox != 7 {
		t.Errorf("type %q, idle after %v, mailbox %d; want test.v1.Counter, 1m, 7", s.Type, s.IdleAfter, s.Mailbox)
	}
	if s.State == nil || s.State.FullName() != "google.protobuf.Int64Value" {
		t.Errorf("the state is %v", s.State)
	}
	if got := grainrt.NewService(counterFile(t), "Renamed", nil); got.Type != "old.Counter" || got.State != nil {
		t.Errorf("a declared name: type %q, state %v; want old.Counter without state", got.Type, got.State)
	}
	if got := grainrt.NewService(counterFile(t), "Bare", nil); got.Type != "test.v1.Bare" || got.IdleAfter != 0 || got.Mailbox != 0 {
		t.Errorf("without options: type %q, idle after %v, mailbox %d", got.Type, got.IdleAfter, got.Mailbox)
	}
}

func TestMethodsSayWhatTheProtoSays(t *testing.T) {
	s := counterTable(t).service
	// Name, one-way, read-only, retryable, immutable, timeout, has a reply.
	for _, want := range []string{
		"Add false false false false 0s true",
		"Get false true true true 0s true",
		"Set false false true false 1s true",
		"Note true false false false 0s false",
	} {
		name, _, _ := strings.Cut(want, " ")
		m := s.Methods[name]
		if m == nil || m.Service != s {
			t.Fatalf("%s is not entered in its service", name)
		}
		got := fmt.Sprint(m.Name, " ", m.OneWay, " ", m.ReadOnly, " ", m.Retryable, " ", m.Immutable, " ", m.Timeout, " ", m.NewReply != nil)
		if got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
		if m.String() != "test.v1.Counter."+name {
			t.Errorf("the method reads %q", m.String())
		}
	}
	if _, ok := s.Methods["Get"].NewRequest().(*emptypb.Empty); !ok {
		t.Errorf("a request of Get is a %T", s.Methods["Get"].NewRequest())
	}
	if _, ok := s.Methods["Get"].NewReply().(*wrapperspb.Int64Value); !ok {
		t.Errorf("a reply of Get is a %T", s.Methods["Get"].NewReply())
	}
}

func TestGeneratedFilesOfDifferentVersionsPanicWithASentence(t *testing.T) {
	s := counterTable(t).service
	for name, f := range map[string]func(){
		"no service Gone": func() { grainrt.NewService(counterFile(t), "Gone", nil) },
		"no rpc Gone":     func() { grainrt.NewMethod(s, "Gone", counter.Add) },
	} {
		var said any
		func() {
			defer func() { said = recover() }()
			f()
		}()
		if text := fmt.Sprint(said); !strings.Contains(text, name) || !strings.Contains(text, "generate them again") {
			t.Errorf("%s: panics with %v", name, said)
		}
	}
}

// plain is a counter whose answers the test chooses.
type plain struct {
	counter
	reply *wrapperspb.Int64Value
	err   error
	noted int64
}

func (g *plain) Add(context.Context, *wrapperspb.Int64Value) (*wrapperspb.Int64Value, error) {
	return g.reply, g.err
}

func (g *plain) Note(_ context.Context, n *wrapperspb.Int64Value) error {
	g.noted = n.GetValue()
	return g.err
}

func TestCallRunsTheGrainsMethod(t *testing.T) {
	s := counterTable(t).service
	g := &plain{reply: wrapperspb.Int64(3)}
	got, err := s.Methods["Add"].Call(g, t.Context(), wrapperspb.Int64(1))
	if err != nil || !proto.Equal(got, g.reply) {
		t.Errorf("Add returns %v, %v", got, err)
	}
	if _, err := s.Methods["Note"].Call(g, t.Context(), wrapperspb.Int64(5)); err != nil || g.noted != 5 {
		t.Errorf("Note returns %v and noted %d", err, g.noted)
	}
	g.err = errors.New("no")
	if _, err := s.Methods["Note"].Call(g, t.Context(), wrapperspb.Int64(5)); !errors.Is(err, g.err) {
		t.Errorf("Note returns %v", err)
	}
}

// Whoever asks whether there is a reply must not be told yes by a nil pointer.
func TestANilReplyIsNil(t *testing.T) {
	s := counterTable(t).service
	broke := errors.New("broke")
	for _, err := range []error{nil, broke} {
		reply, got := s.Methods["Add"].Call(&plain{err: err}, t.Context(), wrapperspb.Int64(1))
		if reply != nil || !errors.Is(got, err) {
			t.Errorf("got %#v, %v; want nil, %v", reply, got, err)
		}
	}
}
