package silo

import (
	"context"

	"google.golang.org/protobuf/proto"

	"github.com/teff-dev/teff/grain"
	"github.com/teff-dev/teff/internal/route"
	"github.com/teff-dev/teff/internal/seam"
	"github.com/teff-dev/teff/internal/turn"
)

// invokeAnywhere calls a grain wherever the view says it is, again and again while that
// is safe. H is nil where its type is not hosted here.
func (s *Silo) invokeAnywhere(ctx context.Context, parent *turn.Turn, h *hosted, m *seam.Method, key string, req proto.Message) (proto.Message, error) {
	chain := ""
	if parent != nil && !m.OneWay {
		var err *grain.Error
		if chain, err = chainOf(parent); err != nil {
			return nil, err
		}
	}
	c, err := s.router.Call(ctx, m, key, req)
	if err != nil {
		return nil, err
	}
	defer c.Done()
	c.Chain = chain
	var resp proto.Message
	deliver := func() {
		resp, err = route.Deliver(ctx, s.router, c, func(ctx context.Context, owner string) (proto.Message, *grain.Error) {
			if h == nil || owner != s.present.Load().id() {
				return s.router.Send(ctx, c, owner)
			}
			resp, _, err := s.invokeHere(ctx, parent, true, h, m, key, req)
			return resp, err
		})
	}
	if parent == nil {
		deliver()
	} else {
		parent.Await(deliver)
	}
	if err != nil {
		return nil, err
	}
	return resp, nil
}
