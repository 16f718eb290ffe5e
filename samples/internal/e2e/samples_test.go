//go:build unix

package e2e

import (
	"net"
	"regexp"
	"strings"
	"testing"

	"github.com/nats-io/nats-server/v2/server"
)

// samples are the programs that take -listen, -nats, -data and -serve.
var samples = []string{"hello", "bank", "wordcount"}

func TestHelloGreetsAndRemembers(t *testing.T) {
	data := t.TempDir()
	for range 2 {
		if got, want := must(t, "hello", "-data", data, "Ada", "Grace"), "Hello, Ada!\nHello, Grace!\n"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	p, url := serve(t, "hello", "-data", data)
	got := must(t, "teff", "call", "--nats", url, "-o", "json", "hello.v1.Greeter/front-desk", "SayHello", `{"name":"Linus"}`)
	if want := `{"greeting":"Hello, Linus!","times":"5"}` + "\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	p.drain()
}

// What a sample that stays up prints can be pasted. SIGTERM ends it well, and its address
// and its directory are free for the next one.
func TestServedSamplesAreCalledAndDrain(t *testing.T) {
	for name, want := range map[string][]string{
		"hello":     {"Hello, x!"},
		"bank":      {`"balance": "5"`, `"balance": "10"`},
		"wordcount": {`"count": "5"`, `"count": "10"`},
	} {
		t.Run(name, func(t *testing.T) {
			data := t.TempDir()
			p, url := serve(t, name, "-data", data)
			for range 2 {
				line := p.await("try: (teff call .*)\n")[1]
				got := must(t, "sh", "-c", line)
				if !strings.Contains(got, want[0]) {
					t.Errorf("%s\ngave\n%s", line, got)
				}
				p.drain()
				want = want[len(want)-1:]
				p, _ = serve(t, name, "-data", data, "-listen", strings.TrimPrefix(url, "nats://"))
			}
			p.drain()
		})
	}
}

func TestSamplesUseAServerOutside(t *testing.T) {
	t.Parallel()
	srv, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: server.RANDOM_PORT, NoSigs: true, JetStream: true, StoreDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	srv.Start()
	defer srv.Shutdown()
	if !srv.ReadyForConnections(forEver) {
		t.Fatal("the NATS server does not start")
	}
	if got := must(t, "hello", "-nats", srv.ClientURL(), "Ada"); got != "Hello, Ada!\n" {
		t.Errorf("got %q", got)
	}
	p, url := serve(t, "bank", "-nats", srv.ClientURL())
	if url != srv.ClientURL() {
		t.Errorf("NATS is at %s, and the sample says %s", srv.ClientURL(), url)
	}
	must(t, "teff", "call", "--nats", url, "bank.v1.Account/alice", "Balance")
	p.drain()
}

func TestAnAddressInUseIsToldPlainly(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for _, name := range samples {
		e := run(t, name, "-serve", "-listen", taken.Addr().String())
		want := "cannot listen on " + taken.Addr().String() + " (is another silo running there? choose another port"
		if e.exit != 1 || !strings.Contains(e.stderr, want) {
			t.Errorf("%s exited with %d and said\n%s", name, e.exit, e.stderr)
		}
	}
}

func TestADirectoryInUseIsToldPlainly(t *testing.T) {
	data := t.TempDir()
	p, _ := serve(t, "bank", "-data", data)
	e := run(t, "bank", "-data", data)
	if e.exit != 1 || !strings.Contains(e.stderr, "stop that one, or name another directory") {
		t.Errorf("the second bank exited with %d and said\n%s", e.exit, e.stderr)
	}
	p.drain()
}

// A command line that makes no sense is told before anything is started, with the usage.
func TestUsage(t *testing.T) {
	for _, c := range []struct{ line, want string }{
		{"hello", "name somebody to greet, or -serve"},
		{"hello -loud Ada", "flag provided but not defined: -loud"},
		{"hello -listen 127.0.0.1:0 -nats nats://127.0.0.1 Ada", "give one of them"},
		{"bank all", "there are no operands"},
		{"bank -accounts 1", "-accounts is from 2"},
		{"bank -transfers 0", "-transfers is from 1"},
		{"bank -callers 0", "-callers is from 1"},
		{"bank -transfers many", "invalid value"},
		{"wordcount", "name a file, or -serve"},
		{"wordcount -top 0 x", "-top is at least 1"},
		{"wordcount -callers 1001 x", "-callers is from 1 to 1000"},
	} {
		words := strings.Fields(c.line)
		e := run(t, words[0], words[1:]...)
		usage := regexp.MustCompile(`(?m)^usage: ` + words[0] + ` \[flags\]( \S+)?$`)
		if e.exit != 2 || e.stdout != "" || !strings.Contains(e.stderr, c.want) || !usage.MatchString(e.stderr) {
			t.Errorf("%s: exit %d, printed %q and said\n%s", c.line, e.exit, e.stdout, e.stderr)
		}
	}
	for _, name := range samples {
		e := run(t, name, "-h")
		for _, flag := range []string{"-listen HOST:PORT", "-nats URL", "-data DIR", "-serve"} {
			if e.exit != 0 || !strings.Contains(e.stderr, flag) {
				t.Errorf("%s -h: exit %d, no %s in\n%s", name, e.exit, flag, e.stderr)
			}
		}
	}
}
