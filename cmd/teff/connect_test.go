package main

import (
	"strings"
	"testing"
)

// A password in a URL is nobody's business who reads the terminal or a log.
func TestPasswordsAreNotTold(t *testing.T) {
	for _, url := range []string{
		"nats://u:se/cret@127.0.0.1:1",
		"nats://u:se@cret@127.0.0.1:1",
		"nats://u:se cret@127.0.0.1:1",
		"nats://u:secret@127.0.0.1:1,nats://v:secret@127.0.0.1:2",
	} {
		end := type1("ls", "--nats", url).run(t.Context())
		if end.exit == 0 || !strings.Contains(end.errors, "127.0.0.1:1") || strings.Contains(end.out+end.errors, "cret") {
			t.Errorf("%s: exit %d, %s%s", url, end.exit, end.out, end.errors)
		}
	}
}

// An address that is none is a mistake in the command, and not a silo that is not there.
func TestAddressesThatAreNone(t *testing.T) {
	for _, url := range []string{"foo:bar:baz", "nats://h:99999", "nats://h:1,h:port", "nats://u:se/cret@h:1", "nats://[::1"} {
		end := type1("ls", "--nats", url).run(t.Context())
		if end.exit != exitUsage || !strings.Contains(end.errors, "it is not a server's address: write nats://HOST:PORT") || strings.Contains(end.errors, "se/cret") {
			t.Errorf("%s: exit %d, %s", url, end.exit, end.errors)
		}
	}
	for _, url := range []string{"127.0.0.1", "h", "nats://a:1, nats://b:2", "tls://u:p@h:4222", "nats://[::1]:4222", "ws://h/path"} {
		if err := checkURLs(url); err != nil {
			t.Errorf("%s: %v", url, err)
		}
	}
}
