package silo_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"github.com/teff-dev/teff/grain"
	"github.com/teff-dev/teff/persistence/natsstore"
	"github.com/teff-dev/teff/samples/bank/bank/v1/bankv1teff"
	"github.com/teff-dev/teff/silo"
)

// recipe is the server's configuration that SECURITY.md recommends.
func recipe(t *testing.T) []byte {
	t.Helper()
	document, err := os.ReadFile(filepath.Join("..", "SECURITY.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, document, _ = bytes.Cut(document, []byte("### A recipe for the server\n"))
	_, document, _ = bytes.Cut(document, []byte("```text\n"))
	text, _, ok := bytes.Cut(document, []byte("```\n"))
	if !ok {
		t.Fatal("SECURITY.md has no recipe")
	}
	return text
}

// configured starts a server with a configuration, whose passwords are the users' names.
func configured(t *testing.T, text []byte) *server.Server {
	t.Helper()
	for _, user := range []string{"silo", "depositor", "operator"} {
		t.Setenv(strings.ToUpper(user)+"_PASSWORD", user)
	}
	file := filepath.Join(t.TempDir(), "nats.conf")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	options, err := server.ProcessConfigFile(file)
	if err != nil {
		t.Fatal(err)
	}
	options.Host, options.Port, options.NoSigs, options.NoLog, options.StoreDir = "127.0.0.1", server.RANDOM_PORT, true, true, t.TempDir()
	srv, err := server.NewServer(options)
	if err != nil {
		t.Fatal(err)
	}
	srv.Start()
	t.Cleanup(func() { srv.Shutdown(); srv.WaitForShutdown() })
	if !srv.ReadyForConnections(textPatience) {
		t.Fatal("the NATS server is not ready")
	}
	return srv
}

// recipeSilo is a silo on such a server.
func recipeSilo(srv *server.Server, told *logged) silo.Config {
	return silo.Config{
		NATS:      strings.Replace(srv.ClientURL(), "//", "//silo:silo@", 1),
		OpenStore: natsstore.Opener(natsstore.Options{}),
		Grains:    []grain.Kind{bankv1teff.AccountKind(newAccount)},
		Logger:    told.logger(),
	}
}

// With SECURITY.md's recipe silos serve, and the other users can do what it says they may,
// and nothing more.
func TestTheRecipeOfSecurity(t *testing.T) {
	srv := configured(t, recipe(t))
	var told logged
	var silos []*silo.Silo
	for range 2 {
		s, err := silo.Start(t.Context(), recipeSilo(srv, &told))
		if err != nil {
			t.Fatal(err)
		}
		silos = append(silos, s)
	}
	for _, key := range []string{"alice", "bob", "carol", "dave", "eve", "frank"} { // of both
		for i, s := range silos {
			if n, err := deposit(t.Context(), s, key); err != nil || n != int64(i+1) {
				t.Errorf("%s: got %d, %v", key, n, err)
			}
		}
	}
	depositor := dialTextAs(t, srv.ClientURL(), "depositor", "_INBOX.depositor")
	depositor.ask(depositToAlice, `{"amount":498}`).wantSuccess(t, `{"balance":"500"}`)
	operator := dialTextAs(t, srv.ClientURL(), "operator", "_INBOX.operator")
	if view := operator.ask("teff.view", ""); view.status != "" || !strings.Contains(view.payload, "bank.v1.Account") {
		t.Errorf("the operator's view is %+v", view)
	}
	const publish = "Permissions Violation for Publish"
	for _, c := range []struct {
		user    *textClient
		subject string
	}{
		{depositor, balanceOfAlice},
		{depositor, "teff.view"},
		{depositor, "teff.silo.X.bank-v1-Account.alice.Deposit"},
		{depositor, "teff.state.generation"},
		{depositor, "$KV.teff_cluster.view"},
		{depositor, "$JS.API.STREAM.DELETE.teff_state"},
		{operator, depositToAlice},
		{operator, "teff.ctl.X.drain"},
		{operator, "teff.state.generation"},
		{operator, "$JS.API.INFO"},
	} {
		c.user.send(c.subject, c.user.newInbox(), "{}")
		if msg, err := c.user.next(); err == nil || !strings.Contains(err.Error(), publish) {
			t.Errorf("%s: got %+v, %v", c.subject, msg, err)
		}
	}
	for _, s := range silos {
		if err := s.Stop(t.Context()); err != nil {
			t.Error(err)
		}
	}
	if strings.Contains(strings.ToLower(told.String()), "permission") {
		t.Errorf("something was refused:\n%s", &told)
	}
}

// A silo that may not do what it must says what, and does not try for long.
func TestStartWithoutAPermission(t *testing.T) {
	for name, subject := range map[string]string{
		"the bucket":   `"$JS.API.STREAM.INFO.KV_teff_cluster"`,
		"the store":    `"$JS.API.STREAM.INFO.teff_state"`,
		"its own name": `"teff.silo.>", "teff.describe.>", "teff.ctl.>"`,
	} {
		t.Run(name, func(t *testing.T) {
			text := recipe(t)
			if !bytes.Contains(text, []byte(subject)) {
				t.Fatalf("the recipe lacks %s", subject)
			}
			srv := configured(t, bytes.Replace(text, []byte(subject), []byte(`"nothing"`), 1))
			var told logged
			begin := time.Now()
			s, err := silo.Start(t.Context(), recipeSilo(srv, &told))
			if err == nil {
				_ = s.Stop(t.Context())
				t.Fatal("it started")
			}
			if took := time.Since(begin); took > 10*time.Second {
				t.Errorf("it took %s", took)
			}
			if !errors.Is(err, grain.CodePermissionDenied) || !errors.Is(err, nats.ErrPermissionViolation) || !containsAll(err.Error(), "the NATS server refuses", "SECURITY.md") {
				t.Errorf("it says %v", err)
			}
		})
	}
}
