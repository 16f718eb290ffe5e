package client_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"go.uber.org/goleak"
	"google.golang.org/protobuf/proto"

	"github.com/teff-dev/teff/client"
	"github.com/teff-dev/teff/grain"
	probev1 "github.com/teff-dev/teff/internal/probe/probe/v1"
	"github.com/teff-dev/teff/internal/probe/probe/v1/probev1teff"
	"github.com/teff-dev/teff/persistence"
	"github.com/teff-dev/teff/persistence/memstore"
	"github.com/teff-dev/teff/silo"
)

// Nothing that the tests start is left when they end.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is how long a test waits for what surely comes.
const patience = 20 * time.Second

func quiet() *slog.Logger { return slog.New(slog.NewTextHandler(io.Discard, nil)) }

// waitFor returns when cond holds, where there is no event to wait for.
func waitFor(t *testing.T, cond func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !cond(); runtime.Gosched() {
		if time.Now().After(deadline) {
			t.Fatal("it never came to be")
		}
	}
}

// blank answers with what it gets, unless its test has something else in mind.
type blank struct {
	ping func(ctx context.Context, req *probev1.PingRequest) (*probev1.PingResponse, error)
}

func (b *blank) Ping(ctx context.Context, req *probev1.PingRequest) (*probev1.PingResponse, error) {
	if b.ping != nil {
		return b.ping(ctx, req)
	}
	return &probev1.PingResponse{Payload: req.GetPayload()}, nil
}

// counter is a probe that counts its calls, and keeps the count.
type counter struct {
	probev1teff.UnimplementedProbe
	state *grain.State[*probev1.ProbeState]
}

func (c *counter) Do(ctx context.Context, _ *probev1.DoRequest) (*probev1.DoResponse, error) {
	err := c.state.Update(ctx, func(s *probev1.ProbeState) error { s.Count++; return nil })
	return &probev1.DoResponse{Number: c.state.Value().GetCount()}, err
}

func (c *counter) Tell(ctx context.Context, _ *probev1.TellRequest) error {
	_, err := c.Do(ctx, nil)
	return err
}

// host starts a silo with both; b may be nil. On an outside NATS server where url says so.
func host(t testing.TB, url string, store persistence.Store, b *blank) *silo.Silo {
	t.Helper()
	if b == nil {
		b = &blank{}
	}
	if store == nil {
		store = memstore.New()
	}
	s, err := silo.Start(context.Background(), silo.Config{
		Grains: []grain.Kind{
			probev1teff.BlankKind(func(*grain.Activation) (*blank, error) { return b, nil }),
			probev1teff.ProbeKind(func(a *grain.Activation) (*counter, error) {
				return &counter{state: grain.StateOf[*probev1.ProbeState](a)}, nil
			}),
		},
		NATS: url, DataDir: t.TempDir(), Store: store, Logger: quiet(),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Stop(context.Background()) }) // a test that stops it itself looks at the error
	return s
}

func connect(t testing.TB, cfg client.Config) *client.Client {
	t.Helper()
	cfg.Logger = quiet()
	c, err := client.Connect(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func ping(ctx context.Context, c grain.Caller, text string) (string, error) {
	resp, err := probev1teff.BlankOf(c, "k").Ping(ctx, &probev1.PingRequest{Payload: []byte(text)})
	return string(resp.GetPayload()), err
}

// count calls the counter, and returns what it has counted.
func count(ctx context.Context, c grain.Caller) (int64, error) {
	resp, err := probev1teff.ProbeOf(c, "k").Do(ctx, &probev1.DoRequest{})
	return resp.GetNumber(), err
}

// wantCode fails the test unless err has the code and the mark, or lacks both.
func wantCode(t testing.TB, err error, code grain.Code, notExecuted bool) *grain.Error {
	t.Helper()
	var coded *grain.Error
	if !errors.As(err, &coded) || coded.Code() != code || coded.NotExecuted() != notExecuted {
		t.Fatalf("got %v, want %s, not executed: %t", err, code, notExecuted)
	}
	return coded
}

func TestConnectSaysWhatIsWrong(t *testing.T) {
	s := host(t, "", nil, nil)
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	for name, c := range map[string]struct {
		ctx  context.Context
		cfg  client.Config
		code grain.Code
		says string
	}{
		"nobody there":     {t.Context(), client.Config{NATS: "nats://127.0.0.1:1"}, grain.CodeUnavailable, "127.0.0.1:1"},
		"password":         {t.Context(), client.Config{NATS: "nats://u:secret@127.0.0.1:1"}, grain.CodeUnavailable, "127.0.0.1:1"},
		"cluster":          {t.Context(), client.Config{NATS: s.URL(), Cluster: "No Cluster"}, grain.CodeInvalidArgument, `"No Cluster"`},
		"negative timeout": {t.Context(), client.Config{NATS: s.URL(), CallTimeout: -1}, grain.CodeInvalidArgument, "CallTimeout"},
		"cancelled":        {cancelled, client.Config{NATS: s.URL()}, grain.CodeCancelled, "canceled"},
	} {
		c.cfg.Logger = quiet()
		got, err := client.Connect(c.ctx, c.cfg)
		if grain.CodeOf(err) != c.code || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "secret") || got != nil {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
}

func TestNameInTheServersList(t *testing.T) {
	bus := startNATS(t)
	for given, want := range map[string]string{"": "teff client", "cash desk": "cash desk"} {
		c := connect(t, client.Config{NATS: bus.url, Name: given})
		conns, err := bus.srv.Connz(&server.ConnzOptions{})
		if err != nil || len(conns.Conns) != 1 || conns.Conns[0].Name != want {
			t.Errorf("the server sees %+v, %v; want %s", conns, err, want)
		}
		c.Close()
		waitFor(t, func() bool { return bus.srv.NumClients() == 0 })
	}
}

func TestAnotherClusterIsNotFound(t *testing.T) {
	s := host(t, "", nil, nil)
	c := connect(t, client.Config{NATS: s.URL(), Cluster: "other", CallTimeout: 100 * time.Millisecond})
	_, err := ping(t.Context(), c, "x")
	if e := wantCode(t, err, grain.CodeUnavailable, true); !strings.Contains(e.Message(), `"other"`) {
		t.Errorf("got %v", e)
	}
}

// An inbox prefix of one's own works where the silo knows it, and is told to its
// operator where it does not: no answer ever comes.
func TestInboxPrefixMustBeKnownToTheSilo(t *testing.T) {
	s := host(t, "", nil, nil)
	c := connect(t, client.Config{NATS: s.URL(), NATSOptions: []nats.Option{nats.CustomInboxPrefix("_INBOX.alice")}})
	if got, err := ping(t.Context(), c, "x"); got != "x" || err != nil {
		t.Errorf("below _INBOX: %q, %v", got, err)
	}
	c = connect(t, client.Config{NATS: s.URL(), CallTimeout: 100 * time.Millisecond, NATSOptions: []nats.Option{nats.CustomInboxPrefix("_INBOX_alice")}})
	_, err := ping(t.Context(), c, "x")
	wantCode(t, err, grain.CodeUnavailable, true)
}

func TestRequestThatLooksLikeJSONArrives(t *testing.T) {
	got := make(chan proto.Message, 1)
	s := host(t, "", nil, &blank{ping: func(_ context.Context, req *probev1.PingRequest) (*probev1.PingResponse, error) {
		got <- req
		return &probev1.PingResponse{}, nil
	}})
	req := &probev1.PingRequest{}
	req.ProtoReflect().SetUnknown([]byte("{|"))
	if _, err := probev1teff.BlankOf(connect(t, client.Config{NATS: s.URL()}), "k").Ping(t.Context(), req); err != nil {
		t.Fatal(err)
	}
	if sent := <-got; !proto.Equal(sent, req) {
		t.Errorf("the grain got %v", sent)
	}
}

// One-way calls leave before Close ends the connection.
func TestCloseSendsWhatWasPublished(t *testing.T) {
	s := host(t, "", nil, nil)
	c := connect(t, client.Config{NATS: s.URL()})
	const calls = 500
	for range calls {
		if err := probev1teff.ProbeOf(c, "k").Tell(t.Context(), &probev1.TellRequest{}); err != nil {
			t.Fatal(err)
		}
	}
	c.Close()
	c.Close() // twice is safe
	(*client.Client)(nil).Close()
	waitFor(t, func() bool {
		list, err := probev1teff.ProbeOf(s, "k").Do(t.Context(), &probev1.DoRequest{})
		return err == nil && list.GetNumber() > calls
	})
	for _, call := range []func() error{
		func() error { _, err := ping(t.Context(), c, "x"); return err },
		func() error { return probev1teff.ProbeOf(c, "k").Tell(t.Context(), &probev1.TellRequest{}) },
	} {
		begun := time.Now()
		wantCode(t, call(), grain.CodeCancelled, true)
		if took := time.Since(begun); took > patience/4 {
			t.Errorf("it took %s to say that the client is closed", took)
		}
	}
}

func TestCloseEndsCallsUnderWay(t *testing.T) {
	entered, gate := make(chan struct{}, 10), make(chan struct{})
	s := host(t, "", nil, &blank{ping: func(context.Context, *probev1.PingRequest) (*probev1.PingResponse, error) {
		entered <- struct{}{}
		<-gate
		return &probev1.PingResponse{}, nil
	}})
	c := connect(t, client.Config{NATS: s.URL()})
	done := make(chan error, 1)
	go func() { _, err := ping(t.Context(), c, "x"); done <- err }()
	<-entered
	c.Close()
	wantCode(t, <-done, grain.CodeCancelled, false)
	close(gate)
}

// A deadline of the client's own choice ends the work in the silo, too.
func TestCallTimeoutReachesTheGrain(t *testing.T) {
	ended := make(chan error, 1)
	s := host(t, "", nil, &blank{ping: func(ctx context.Context, _ *probev1.PingRequest) (*probev1.PingResponse, error) {
		<-ctx.Done()
		ended <- ctx.Err()
		return nil, ctx.Err()
	}})
	c := connect(t, client.Config{NATS: s.URL(), CallTimeout: 50 * time.Millisecond})
	_, err := ping(t.Context(), c, "x")
	wantCode(t, err, grain.CodeDeadlineExceeded, false)
	<-ended // within the test's time, and not after the silo's 30 s

	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err = ping(ctx, c, "x")
	wantCode(t, err, grain.CodeDeadlineExceeded, false)
	if err := <-ended; !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the grain's context ended with %v", err)
	}
}

func TestManyCallersAtOnce(t *testing.T) {
	c := connect(t, client.Config{NATS: host(t, "", nil, nil).URL()})
	var wg sync.WaitGroup
	for i := range 64 {
		wg.Go(func() {
			for k := range 50 {
				want := strings.Repeat(string(rune('a'+i%26)), k)
				if got, err := ping(t.Context(), c, want); got != want || err != nil {
					t.Errorf("got %q, %v, want %q", got, err, want)
					return
				}
			}
		})
	}
	wg.Wait()
}
