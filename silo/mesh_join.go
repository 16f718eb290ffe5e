package silo

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/teff-dev/teff/grain"
	"github.com/teff-dev/teff/internal/bus"
	"github.com/teff-dev/teff/internal/cluster"
)

// How long a silo waits for its mesh, and how often it says for whom.
const (
	meshWait  = 2 * time.Minute
	meshLook  = 50 * time.Millisecond
	meshTry   = 300 * time.Millisecond // for an answer that nobody may give
	meshFirst = 3 * time.Second        // until it says so
	meshAgain = 10 * time.Second
)

// awaitMesh returns when the mesh keeps records: when enough of its silos are there.
func (s *Silo) awaitMesh(ctx context.Context) error {
	if s.cfg.mesh() == nil {
		return nil
	}
	js, err := jetstream.New(s.nc)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, meshWait)
	defer cancel()
	tick := time.NewTicker(meshLook)
	defer tick.Stop()
	told := time.Now().Add(meshFirst - meshAgain)
	for {
		lacks := s.meshLacks(ctx, js)
		if lacks == "" {
			return nil
		}
		if time.Since(told) >= meshAgain {
			told = time.Now()
			s.log.Warn("the mesh is not complete", slog.String("node", s.cfg.Mesh.Node), slog.String("problem", lacks))
		}
		select {
		case <-ctx.Done():
			return grain.Errorf(grain.CodeUnavailable, "the mesh is not complete: %s (%w)", lacks, ctx.Err())
		case <-tick.C:
		}
	}
}

// meshLacks says what is missing until the mesh keeps records; "": nothing.
//
// Most of the nodes are enough, but in a new mesh: where each is to have a copy, each must
// be there when the first record is made.
func (s *Silo) meshLacks(ctx context.Context, js jetstream.JetStream) string {
	ctx, cancel := context.WithTimeout(ctx, meshTry)
	defer cancel()
	missing := s.server.Missing()
	_, err := js.Stream(ctx, cluster.StreamName(s.cfg.Cluster))
	switch {
	case err == nil:
		return ""
	case errors.Is(err, jetstream.ErrStreamNotFound) && len(missing) == 0:
		return ""
	case errors.Is(err, jetstream.ErrStreamNotFound):
		return "waiting for peers " + bus.PeerNames(missing) + ": in a new mesh all that keep records must be there once"
	case len(missing) > 0:
		return "waiting for peers " + bus.PeerNames(missing)
	default:
		return "its peers are there, and choose a leader: " + err.Error()
	}
}
