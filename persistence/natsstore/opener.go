package natsstore

import (
	"context"

	"github.com/nats-io/nats.go"

	"github.com/teff-dev/teff/persistence"
)

// Opener is Open for a silo's Config.OpenStore: the store of the silo's cluster, on the
// silo's connection. What opts says of the cluster's name is ignored.
func Opener(opts Options) func(ctx context.Context, nc *nats.Conn, cluster string) (persistence.Store, error) {
	return func(ctx context.Context, nc *nats.Conn, cluster string) (persistence.Store, error) {
		opts := opts
		opts.Cluster = cluster
		s, err := Open(ctx, nc, opts)
		if err != nil {
			return nil, err // not a nil *Store in a non-nil interface
		}
		return s, nil
	}
}
