package silo_test

import (
	"strings"
	"testing"

	"github.com/nats-io/nats-server/v2/server"

	"github.com/teff-dev/teff/grain"
	"github.com/teff-dev/teff/persistence/natsstore"
	"github.com/teff-dev/teff/samples/bank/bank/v1/bankv1teff"
	"github.com/teff-dev/teff/silo"
)

// What docs/operations.md says that silos need of NATS is enough for them.
func TestTheDocumentedPermissionsAreEnough(t *testing.T) {
	srv, err := server.NewServer(&server.Options{
		Host: "127.0.0.1", Port: server.RANDOM_PORT, NoSigs: true, NoLog: true, JetStream: true, StoreDir: t.TempDir(),
		Users: []*server.User{{Username: "silo", Password: "p", Permissions: &server.Permissions{
			Publish:   &server.SubjectPermission{Allow: []string{"teff.>", "_INBOX.>", "$JS.API.>", "$KV.teff_cluster.>", "$SRV.>"}},
			Subscribe: &server.SubjectPermission{Allow: []string{"teff.>", "_INBOX.>", "$SRV.>"}},
		}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	srv.Start()
	t.Cleanup(func() { srv.Shutdown(); srv.WaitForShutdown() })
	var told logged
	s, err := silo.Start(t.Context(), silo.Config{
		NATS:      strings.Replace(srv.ClientURL(), "//", "//silo:p@", 1),
		OpenStore: natsstore.Opener(natsstore.Options{}),
		Grains:    []grain.Kind{bankv1teff.AccountKind(newAccount)},
		Logger:    told.logger(),
	})
	if err != nil {
		t.Fatal(err)
	}
	if n, err := deposit(t.Context(), s, "alice"); err != nil || n != 1 {
		t.Errorf("got %d, %v", n, err)
	}
	if err := s.Stop(t.Context()); err != nil {
		t.Error(err)
	}
	if strings.Contains(strings.ToLower(told.String()), "permission") {
		t.Errorf("something was refused:\n%s", &told)
	}
}
