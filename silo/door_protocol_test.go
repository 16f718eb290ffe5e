package silo_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The session that docs/protocol.md shows is played against a silo, word for word: what
// it sends is sent, and what it says comes back comes back. The order of headers, which
// the protocol does not promise, aside.
func TestTheProtocolsSession(t *testing.T) {
	doc, err := os.ReadFile("../docs/protocol.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, ok := strings.Cut(string(doc), "### In NATS's text protocol")
	section, _, end := strings.Cut(section, "\n## ")
	if !ok || !end {
		t.Fatal("the section is gone")
	}
	c := dialText(t, bank(t))
	c.write("UNSUB 1\r\n") // the session brings its own subscription
	blocks := regexp.MustCompile("(?s)```text\n(.*?)```").FindAllStringSubmatch(section, -1)
	answers := 0
	for _, block := range blocks {
		var want []string
		for line := range strings.Lines(block[1]) {
			line = strings.TrimSuffix(line, "\n")
			if answer, ok := strings.CutPrefix(line, "<"); ok {
				want = append(want, answer)
				continue
			}
			c.write(line + "\r\n")
		}
		if len(want) == 0 {
			if strings.Contains(block[1], " _INBOX.me.2 ") {
				c.line() // the protocol spares its reader this call's answer, of two lines
				c.line()
			}
			continue
		}
		answers++
		got := make([]string, 0, len(want))
		for len(got) < len(want) {
			got = append(got, c.line())
		}
		if strings.HasPrefix(want[0], "HMSG") {
			if line := c.line(); line != "" { // the empty payload
				t.Errorf("behind the headers stands %q", line)
			}
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
	if answers != 4 {
		t.Errorf("%d answers were compared, the section has 4", answers)
	}
}
