package silo_test

import (
	"strings"
	"testing"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"github.com/teff-dev/teff/grain"
	"github.com/teff-dev/teff/internal/wire"
	"github.com/teff-dev/teff/samples/bank/bank/v1/bankv1teff"
	"github.com/teff-dev/teff/silo"
)

// guarded is a NATS server with the mapping and the permissions of docs/protocol.md: a
// silo, and alice, who may deposit.
func guarded(t *testing.T) *server.Server {
	t.Helper()
	alice := &server.Permissions{
		Publish:   &server.SubjectPermission{Allow: []string{"teff.call.bank-v1-Account.*.Deposit", "teff.part.*.bank-v1-Account.*.Deposit"}},
		Subscribe: &server.SubjectPermission{Allow: []string{"_INBOX_alice.>"}},
	}
	account := server.NewAccount("bank")
	srv, err := server.NewServer(&server.Options{
		Host: "127.0.0.1", Port: server.RANDOM_PORT, NoSigs: true, NoLog: true,
		JetStream: true, StoreDir: t.TempDir(),
		Accounts: []*server.Account{account},
		Users:    []*server.User{{Username: "silo", Password: "silo", Account: account}, {Username: "alice", Password: "alice", Account: account, Permissions: alice}},
	})
	if err != nil {
		t.Fatal(err)
	}
	srv.Start()
	t.Cleanup(func() { srv.Shutdown(); srv.WaitForShutdown() })
	if !srv.ReadyForConnections(textPatience) {
		t.Fatal("the NATS server is not ready")
	}
	names, err := wire.NewNames("teff")
	if err != nil {
		t.Fatal(err)
	}
	// The server copied its options' accounts.
	if account, err = srv.LookupAccount("bank"); err != nil {
		t.Fatal(err)
	}
	if err := account.EnableJetStream(nil, nil); err != nil {
		t.Fatal(err)
	}
	if err := account.AddMapping(names.PartitionMapping(1024)); err != nil {
		t.Fatal(err)
	}
	return srv
}

// Permissions on the door are permissions on a grain's methods, and all that an outside
// caller needs.
func TestPermissionsOfTheDoor(t *testing.T) {
	srv := guarded(t)
	start(t, silo.Config{
		Grains: []grain.Kind{bankv1teff.AccountKind(newAccount)},
		NATS:   srv.ClientURL(), NATSOptions: []nats.Option{nats.UserInfo("silo", "silo")}, ReplyPrefixes: []string{"_INBOX_alice"},
	})
	c := dialTextAs(t, srv.ClientURL(), "alice", "_INBOX_alice.1")
	c.ask(depositToAlice, `{"amount":500}`).wantSuccess(t, `{"balance":"500"}`)
	for _, subject := range []string{
		balanceOfAlice, "teff.part.1.bank-v1-Account.alice.Balance", "teff.call.bank-v1-Account.alice.Deposit.now",
		"teff.view", "teff.silo.X.bank-v1-Account.alice.Deposit", "teff.ctl.X.status", "$SRV.INFO",
	} {
		c.send(subject, c.newInbox(), "{}")
		if msg, err := c.next(); err == nil || !strings.Contains(err.Error(), "Permissions Violation for Publish") {
			t.Errorf("%s: got %+v, %v", subject, msg, err)
		}
	}
	// Nor may she have the silo write where she may not, or to another's inbox.
	for _, reply := range []string{"teff.call.bank-v1-Account.bob.Deposit", "_INBOX_bob.1", "news"} {
		c.send(depositToAlice, reply, `{"amount":1}`)
	}
	c.ask(depositToAlice, `{"amount":1}`).wantSuccess(t, `{"balance":"501"}`)
}
