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
