package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"strconv"
	"sync/atomic"

	benchv1 "github.com/teff-dev/teff/bench/bench/v1"
	"github.com/teff-dev/teff/bench/bench/v1/benchv1teff"
	"github.com/teff-dev/teff/client"
	"github.com/teff-dev/teff/grain"
	"github.com/teff-dev/teff/persistence/memstore"
	"github.com/teff-dev/teff/silo"
)

// echo is a grain that answers with what it got.
type echo struct{}

func (echo) Say(_ context.Context, req *benchv1.SayRequest) (*benchv1.SayResponse, error) {
	return &benchv1.SayResponse{Text: req.GetText()}, nil
}

func (echo) Share(_ context.Context, req *benchv1.ShareRequest) (*benchv1.ShareResponse, error) {
	return &benchv1.ShareResponse{Text: req.GetText()}, nil
}

func echoKind() grain.Kind {
	return benchv1teff.EchoKind(func(*grain.Activation) (echo, error) { return echo{}, nil })
}

// logger says what is wrong, and nothing else.
func logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
}

// startSilo starts a silo whose files are gone when it has stopped.
func startSilo(cfg silo.Config) (*silo.Silo, func(), error) {
	dir, err := os.MkdirTemp("", "teff-bench-")
	if err != nil {
		return nil, nil, err
	}
	cfg.DataDir, cfg.Logger = dir, logger()
	s, err := silo.Start(context.Background(), cfg)
	if err != nil {
		_ = os.RemoveAll(dir)
		return nil, nil, err
	}
	return s, func() {
		if err := s.Stop(context.Background()); err != nil {
			logger().Error("stop the silo", "error", err)
		}
		_ = os.RemoveAll(dir)
	}, nil
}

// teffCalls calls grains: each caller one of its own, from a client.
func teffCalls() contender {
	return contender{name: "teff", answer: answerTeff, dial: dialTeff}
}

func answerTeff(args []string) (string, func(), error) {
	_, stop, err := startSilo(silo.Config{NATS: args[0], Store: memstore.New(), Grains: []grain.Kind{echoKind()}})
	return "teff", stop, err
}

func dialTeff(server, _ string) (call, func(), error) {
	c, err := connect(server)
	if err != nil {
		return nil, nil, err
	}
	refs := make([]benchv1teff.Echo, maxCallers)
	for i := range refs {
		refs[i] = benchv1teff.EchoOf(c, strconv.Itoa(i))
	}
	text := payload()
	return func(caller int) error { return say(refs[caller], text) }, c.Close, nil
}

func connect(server string) (*client.Client, error) {
	return client.Connect(context.Background(), client.Config{NATS: server, Logger: logger()})
}

func say(ref benchv1teff.Echo, text string) error {
	resp, err := ref.Say(context.Background(), &benchv1.SayRequest{Text: text})
	if err != nil {
		return err
	}
	if len(resp.GetText()) != len(text) {
		return fmt.Errorf("%d bytes came back of %d", len(resp.GetText()), len(text))
	}
	return nil
}

// dialFresh is as dialTeff, but each call is of a grain that is not in memory yet.
func dialFresh(server string) (call, func(), error) {
	c, err := connect(server)
	if err != nil {
		return nil, nil, err
	}
	text := payload()
	var last atomic.Int64
	return func(int) error {
		return say(benchv1teff.EchoOf(c, "fresh-"+strconv.FormatInt(last.Add(1), 10)), text)
	}, c.Close, nil
}
