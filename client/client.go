package client

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"google.golang.org/protobuf/proto"

	"github.com/teff-dev/teff/grain"
	"github.com/teff-dev/teff/internal/bus"
	"github.com/teff-dev/teff/internal/core/membership"
	"github.com/teff-dev/teff/internal/rig"
	"github.com/teff-dev/teff/internal/route"
	"github.com/teff-dev/teff/internal/seam"
	"github.com/teff-dev/teff/internal/wire"
)

// Config says where the cluster is. The zero value of every field is its default.
type Config struct {
	// NATS is the server's URL; commas separate several: "nats://127.0.0.1:4222".
	NATS string

	// NATSOptions are added to the connection's: credentials, TLS, an inbox prefix (which
	// the silos must know, as their Config.ReplyPrefixes).
	NATSOptions []nats.Option

	// Cluster is the cluster's name: "teff".
	Cluster string

	// Name is shown in the NATS server's list of connections: "teff client".
	Name string

	// CallTimeout is the deadline of a call whose caller sets none: 30 s.
	CallTimeout time.Duration

	// Logger is told of disconnects: slog.Default().
	Logger *slog.Logger
}

const (
	defaultCluster     = "teff"
	defaultName        = "teff client"
	defaultCallTimeout = 30 * time.Second
)

// A Client calls grains. It is a [grain.Caller], safe for concurrent use; one is enough
// for a program.
type Client struct {
	nc     *nats.Conn
	mux    *bus.Mux
	router *route.Router
	close  sync.Once
}

var _ grain.Caller = (*Client)(nil)

// Connect connects to NATS. A server that cannot be reached is CodeUnavailable; that a
// silo is there is not asked before the first call. Later on the connection mends itself.
func Connect(ctx context.Context, cfg Config) (*Client, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	if cfg.NATS == "" {
		cfg.NATS = nats.DefaultURL
	}
	if cfg.Cluster == "" {
		cfg.Cluster = defaultCluster
	}
	if cfg.Name == "" {
		cfg.Name = defaultName
	}
	if cfg.CallTimeout == 0 {
		cfg.CallTimeout = defaultCallTimeout
	}
	if cfg.CallTimeout < 0 {
		return nil, grain.Errorf(grain.CodeInvalidArgument, "Config.CallTimeout is %s: it cannot be negative", cfg.CallTimeout)
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.Default()
	}
	names, err := wire.NewNames(cfg.Cluster)
	if err != nil {
		return nil, err
	}
	nc, err := bus.Connect(bus.Options{URL: cfg.NATS, Name: cfg.Name, Logger: cfg.Logger, Extra: cfg.NATSOptions})
	if err != nil {
		return nil, grain.Errorf(grain.CodeUnavailable, "%w", err)
	}
	mux, err := bus.NewMux(nc)
	if err != nil {
		nc.Close()
		return nil, grain.Errorf(grain.CodeUnavailable, "%w", err)
	}
	router := route.New(nc, mux, names, cfg.CallTimeout)
	if _, err := router.Follow(); err != nil { // its subscription goes with the connection
		nc.Close()
		return nil, grain.Errorf(grain.CodeUnavailable, "%w", err)
	}
	rig.From(ctx).Refresh = func(ctx context.Context) (*membership.View, error) {
		err := router.Refresh(ctx)
		return router.View(), err
	}
	return &Client{nc: nc, mux: mux, router: router}, nil
}

// Invoke implements [grain.Caller].
func (c *Client) Invoke(ctx context.Context, m *seam.Method, key string, req proto.Message) (proto.Message, error) {
	return c.router.Invoke(ctx, m, key, req)
}

// Close sends what was published and disconnects. Calls under way fail. Closing twice, or a
// nil Client, is safe.
func (c *Client) Close() {
	if c == nil {
		return
	}
	c.close.Do(func() {
		_ = c.nc.FlushTimeout(time.Second) // one-way calls; a cut connection has none
		_ = c.mux.Close()                  // its subscription goes with the connection
		c.nc.Close()
	})
}
