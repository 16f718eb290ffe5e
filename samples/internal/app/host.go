package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"

	"github.com/teff-dev/teff/silo"
)

// Host starts a silo as the flags say, and where they say nothing as the environment does,
// calls f with it, and stops it. With -serve it tells on stderr how to reach the silo, and
// stops it when ctx ends and not before.
//
// Without a directory the silo gets a temporary directory, which is removed afterwards.
func (c *Command) Host(ctx context.Context, cfg silo.Config, f func(*silo.Silo) error) (err error) {
	cfg.Listen, cfg.NATS, cfg.DataDir = c.Listen, c.NATS, c.Data
	if cfg, err = silo.FromEnv(cfg); err != nil {
		return err
	}
	cfg.Logger = slog.New(slog.NewTextHandler(c.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	if cfg.DataDir == "" {
		dir, mkErr := os.MkdirTemp("", "teff-"+c.name+"-")
		if mkErr != nil {
			return fmt.Errorf("make a temporary directory: %w", mkErr)
		}
		defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
		cfg.DataDir = dir
		if cfg.Store == nil {
			c.Logf("state in %s, which is removed at the end (-data DIR keeps it)", dir)
		}
	}
	s, err := silo.Start(ctx, cfg)
	if err != nil {
		return err
	}
	// The signal that ended ctx must not cut the draining short.
	defer func() { err = errors.Join(err, s.Stop(context.WithoutCancel(ctx))) }()
	if c.Serve {
		s.Welcome(c.Stderr)
	}
	if err := f(s); err != nil || !c.Serve {
		return err
	}
	<-ctx.Done()
	return nil
}
