package main

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

// A NATS server takes what teff nats-config prints, syncs always, and maps the door.
func TestANATSServerTakesTheConfiguration(t *testing.T) {
	dir := t.TempDir()
	end := type1("nats-config", "--store", dir, "--partitions", "1").run(t.Context())
	file := filepath.Join(dir, "nats.conf")
	if err := os.WriteFile(file, []byte(end.out), 0o600); err != nil {
		t.Fatal(err)
	}
	opts, err := server.ProcessConfigFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !opts.JetStream || !opts.SyncAlways || opts.StoreDir != dir {
		t.Errorf("JetStream %t, sync always %t, files in %q", opts.JetStream, opts.SyncAlways, opts.StoreDir)
	}
	opts.Host, opts.Port, opts.NoSigs, opts.NoLog = "127.0.0.1", server.RANDOM_PORT, true, true
	srv, err := server.NewServer(opts)
	if err != nil {
		t.Fatal(err)
	}
	srv.Start()
	t.Cleanup(func() { srv.Shutdown(); srv.WaitForShutdown() })
	nc, err := nats.Connect(srv.ClientURL())
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	part, err := nc.SubscribeSync("teff.part.0.shop-Cart.ann.Get")
	if err != nil {
		t.Fatal(err)
	}
	if err := nc.Publish("teff.call.shop-Cart.ann.Get", nil); err != nil {
		t.Fatal(err)
	}
	if _, err := part.NextMsg(10 * time.Second); err != nil {
		t.Errorf("the door is not mapped: %v", err)
	}
}
