package silo_test

import (
	"context"

	"github.com/teff-dev/teff/grain"
	probev1 "github.com/teff-dev/teff/internal/probe/probe/v1"
	"github.com/teff-dev/teff/internal/probe/probe/v1/probev1teff"
)

// blank is a grain with nothing of its own.
type blank struct{ a *grain.Activation }

func blankKind(opts ...grain.KindOption) grain.Kind {
	return probev1teff.BlankKind(func(a *grain.Activation) (*blank, error) { return &blank{a}, nil }, opts...)
}

func (b *blank) Ping(_ context.Context, req *probev1.PingRequest) (*probev1.PingResponse, error) {
	return &probev1.PingResponse{Payload: req.GetPayload()}, nil
}

func ping(ctx context.Context, caller grain.Caller, key string) error {
	_, err := probev1teff.BlankOf(caller, key).Ping(ctx, &probev1.PingRequest{})
	return err
}
