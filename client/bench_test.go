package client_test

import (
	"context"
	"testing"

	"github.com/teff-dev/teff/client"
	probev1 "github.com/teff-dev/teff/internal/probe/probe/v1"
	"github.com/teff-dev/teff/internal/probe/probe/v1/probev1teff"
)

// A call from a client to a silo on the same machine, there and back; caller, NATS server
// and silo share the processor, and the allocations are those of all three.
func BenchmarkRemoteCall(b *testing.B) {
	c := connect(b, client.Config{NATS: host(b, "", nil, nil).URL()})
	ref := probev1teff.BlankOf(c, "k")
	req := &probev1.PingRequest{Payload: make([]byte, 16)}
	call := func(ctx context.Context) error { _, err := ref.Ping(ctx, req); return err }
	if err := call(context.Background()); err != nil { // fetches the view
		b.Fatal(err)
	}
	b.Run("background", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if err := call(context.Background()); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("deadline", func(b *testing.B) {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		b.ReportAllocs()
		for b.Loop() {
			if err := call(ctx); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("parallel", func(b *testing.B) {
		b.ReportAllocs()
		b.SetParallelism(32)
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				if err := call(context.Background()); err != nil {
					b.Error(err)
					return
				}
			}
		})
	})
}
