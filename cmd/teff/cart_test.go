package main

import (
	"context"
	"io"
	"log/slog"
	"testing"

	"google.golang.org/protobuf/types/known/emptypb"

	shopv1 "github.com/teff-dev/teff/cmd/teff/testdata/shop/v1"
	"github.com/teff-dev/teff/cmd/teff/testdata/shop/v1/shopv1teff"
	"github.com/teff-dev/teff/grain"
	"github.com/teff-dev/teff/persistence/memstore"
	"github.com/teff-dev/teff/silo"
)

// watch tells a test when turns that wait for ever begin and end.
type watch struct {
	begun, cancelled chan string // methods; of many, so that nobody waits for a test
}

func newWatch() watch {
	const many = 64
	return watch{make(chan string, many), make(chan string, many)}
}

type cart struct {
	shopv1teff.UnimplementedCart
	watch watch
}

func (w watch) kind() grain.Kind {
	return shopv1teff.CartKind(func(*grain.Activation) (*cart, error) { return &cart{watch: w}, nil })
}

func (*cart) Add(_ context.Context, req *shopv1.AddRequest) (*shopv1.AddResponse, error) {
	resp := &shopv1.AddResponse{Request: req}
	for _, l := range req.GetLines() {
		resp.Pieces += int64(l.GetPieces())
	}
	return resp, nil
}

func (*cart) Get(context.Context, *shopv1.GetRequest) (*shopv1.GetResponse, error) {
	return &shopv1.GetResponse{}, nil
}

func (c *cart) Wait(ctx context.Context, _ *emptypb.Empty) (*emptypb.Empty, error) {
	c.watch.begun <- "Wait"
	<-ctx.Done()
	c.watch.cancelled <- "Wait"
	return nil, ctx.Err()
}

func (*cart) Peek(ctx context.Context, _ *emptypb.Empty) (*emptypb.Empty, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

func (c *cart) Empty(context.Context, *emptypb.Empty) error {
	c.watch.begun <- "Empty"
	return nil
}

func (*cart) Fail(_ context.Context, req *shopv1.FailRequest) (*emptypb.Empty, error) {
	code, _ := grain.ParseCode(req.GetCode())
	return nil, grain.Errorf(code, "%s", req.GetMessage()).WithDetails(&shopv1.Missing{Article: "tea"})
}

// startSilo starts a silo with a name that goldens can hold.
func startSilo(t *testing.T, cfg silo.Config) *silo.Silo {
	t.Helper()
	cfg.Name, cfg.DataDir, cfg.Store = "here", t.TempDir(), memstore.New()
	cfg.Logger = slog.New(slog.NewTextHandler(io.Discard, nil))
	s, err := silo.Start(t.Context(), cfg)
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
