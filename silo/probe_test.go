package silo_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"sync"
	"testing"

	"github.com/teff-dev/teff/client"
	"github.com/teff-dev/teff/grain"
	probev1 "github.com/teff-dev/teff/internal/probe/probe/v1"
	"github.com/teff-dev/teff/internal/probe/probe/v1/probev1teff"
	"github.com/teff-dev/teff/persistence/memstore"
	"github.com/teff-dev/teff/silo"
)

// script is what the probes of a test do.
type script struct {
	do           func(ctx context.Context, p *probe, text string) (string, error)
	onActivate   func(ctx context.Context, p *probe) error
	onDeactivate func(ctx context.Context, p *probe, why grain.DeactivationReason) error

	mu     sync.Mutex
	events []string
}

// note records what happened; noted returns it all.
func (s *script) note(event string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.events = append(s.events, event)
}

func (s *script) noted() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.events...)
}

func (s *script) kind(opts ...grain.KindOption) grain.Kind {
	return probev1teff.ProbeKind(func(a *grain.Activation) (*probe, error) {
		return &probe{script: s, a: a, state: grain.StateOf[*probev1.ProbeState](a)}, nil
	}, opts...)
}

// probe is a grain that does what its script says.
type probe struct {
	script *script
	a      *grain.Activation
	state  *grain.State[*probev1.ProbeState]
}

func (p *probe) OnActivate(ctx context.Context) error {
	if p.script.onActivate == nil {
		return nil
	}
	return p.script.onActivate(ctx, p)
}

func (p *probe) OnDeactivate(ctx context.Context, why grain.DeactivationReason) error {
	if p.script.onDeactivate == nil {
		return nil
	}
	return p.script.onDeactivate(ctx, p, why)
}

func (p *probe) Do(ctx context.Context, req *probev1.DoRequest) (*probev1.DoResponse, error) {
	text, err := p.script.do(ctx, p, req.GetText())
	if err != nil {
		return nil, err
	}
	return &probev1.DoResponse{Text: text, Number: p.state.Value().GetCount()}, nil
}

func (p *probe) Look(ctx context.Context, req *probev1.LookRequest) (*probev1.LookResponse, error) {
	if req.GetText() != "" {
		if _, err := p.script.do(ctx, p, req.GetText()); err != nil {
			return nil, err
		}
	}
	return &probev1.LookResponse{Number: p.state.Value().GetCount()}, nil
}

func (p *probe) Tell(ctx context.Context, req *probev1.TellRequest) error {
	_, err := p.script.do(ctx, p, req.GetText())
	return err
}

func (p *probe) Hurry(ctx context.Context, req *probev1.HurryRequest) (*probev1.HurryResponse, error) {
	_, err := p.script.do(ctx, p, req.GetText())
	return &probev1.HurryResponse{}, err
}

// add changes the state, as most scripts do.
func (p *probe) add(ctx context.Context, n int64) error {
	return p.state.Update(ctx, func(s *probev1.ProbeState) error { s.Count += n; return nil })
}

func quiet() *slog.Logger { return slog.New(slog.NewTextHandler(io.Discard, nil)) }

// start runs a silo for the test, on a memory store unless the test gives another.
func start(t testing.TB, cfg silo.Config) *silo.Silo {
	t.Helper()
	cfg.DataDir = t.TempDir()
	if cfg.Store == nil {
		cfg.Store = memstore.New()
	}
	if cfg.Logger == nil {
		cfg.Logger = quiet()
	}
	s, err := silo.Start(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return s
}

// connect gives the test a client of the silo.
func connect(t testing.TB, s *silo.Silo) *client.Client {
	t.Helper()
	c, err := client.Connect(context.Background(), client.Config{NATS: s.URL(), Logger: quiet()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// fromBothSides runs a test twice: with calls within the process, and over NATS. A local
// call behaves like a remote one.
func fromBothSides(t *testing.T, cfg silo.Config, sc *script, test func(t *testing.T, caller grain.Caller, s *silo.Silo), opts ...grain.KindOption) {
	t.Helper()
	do := sc.do
	for _, side := range []string{"local", "remote"} {
		t.Run(side, func(t *testing.T) {
			*sc = script{do: do, onActivate: sc.onActivate, onDeactivate: sc.onDeactivate}
			cfg := cfg
			cfg.Grains = append([]grain.Kind{sc.kind(opts...)}, cfg.Grains...)
			s := start(t, cfg)
			var caller grain.Caller = s
			if side == "remote" {
				caller = connect(t, s)
			}
			test(t, caller, s)
		})
	}
}

// do calls Do and returns its text.
func do(ctx context.Context, caller grain.Caller, key, text string) (string, error) {
	resp, err := probev1teff.ProbeOf(caller, key).Do(ctx, &probev1.DoRequest{Text: text})
	return resp.GetText(), err
}

// mustDo is do for what the test is not about.
func mustDo(t *testing.T, caller grain.Caller, key, text string) string {
	t.Helper()
	got, err := do(t.Context(), caller, key, text)
	if err != nil {
		t.Fatalf("Do(%q) of %s: %v", text, key, err)
	}
	return got
}

// wantCode fails the test unless err has the code, and returns it.
func wantCode(t *testing.T, err error, code grain.Code) *grain.Error {
	t.Helper()
	var coded *grain.Error
	if !errors.As(err, &coded) || coded.Code() != code {
		t.Fatalf("got %v, want %s", err, code)
	}
	return coded
}
