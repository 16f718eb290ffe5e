package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the goldens in testdata")

// A typing is one command line, and what stdin has.
type typing struct {
	args  []string
	stdin string
}

func type1(args ...string) typing { return typing{args: args} }

// ended is how a command line ended.
type ended struct {
	exit        int
	out, errors string
}

func (in typing) run(ctx context.Context) ended {
	var out, err bytes.Buffer
	exit := run(ctx, in.args, streams{in: strings.NewReader(in.stdin), out: &out, err: &err})
	return ended{exit, out.String(), err.String()}
}

// golden runs the command lines and compares all that they write, to the last byte, with
// testdata/golden/NAME.txt; go test ./cmd/teff -update writes it.
func golden(t *testing.T, name string, typings ...typing) {
	t.Helper()
	var all strings.Builder
	for _, in := range typings {
		end := in.run(t.Context())
		fmt.Fprintf(&all, "$ teff %s\n", quoted(in.args))
		if in.stdin != "" {
			fmt.Fprintf(&all, "%s\n", prefixed("< ", in.stdin))
		}
		all.WriteString(end.out)
		if end.errors != "" {
			fmt.Fprintf(&all, "%s\n", prefixed("! ", end.errors))
		}
		fmt.Fprintf(&all, "[exit %d]\n\n", end.exit)
	}
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	got := []byte(steady(strings.ReplaceAll(all.String(), here, "/here")))
	file := filepath.Join("testdata", "golden", name+".txt")
	if *update {
		if err := os.WriteFile(file, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v; go test ./cmd/teff -update writes it", err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is otherwise; go test ./cmd/teff -update writes it. It is now:\n%s", file, got)
	}
}

// quoted writes arguments as they are typed.
func quoted(args []string) string {
	words := make([]string, len(args))
	for i, a := range args {
		words[i] = a
		if a == "" || strings.ContainsAny(a, " {}\"\n") {
			words[i] = "'" + a + "'"
		}
	}
	return strings.Join(words, " ")
}

// prefixed puts the prefix before each line.
func prefixed(prefix, text string) string {
	return prefix + strings.ReplaceAll(strings.TrimSuffix(text, "\n"), "\n", "\n"+prefix)
}

// steady replaces what differs from run to run: ports, incarnations, ages, releases.
func steady(text string) string {
	for pattern, replacement := range map[string]string{
		`127\.0\.0\.1:\d+`:           "127.0.0.1:4222",
		`\b[A-Z2-7]{20}\b`:           "SILOSILOSILOSILOSILO",
		`(shop\.Cart  )\d\d( +0 +0)`: "${1}32$2",
		`"owns":\d\d`:                `"owns":32`,
		`epoch \d+,`:                 "epoch 5,",
		`((?:joinedE|"e)poch":)\d+`:  "${1}5",
		`"uptimeSeconds":[0-9.e+-]+`: `"uptimeSeconds":0.5`,
		`((?:here|ash|oak)  +[a-z]+  +\d+\.\d+\.\d+  +)\ds`: "${1}0s",
	} {
		text = regexp.MustCompile(pattern).ReplaceAllString(text, replacement)
	}
	return text
}
