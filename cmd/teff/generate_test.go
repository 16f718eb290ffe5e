package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// typed runs a command line as it is typed.
func typed(t *testing.T, args ...string) (exit int, stdout, stderr string) {
	t.Helper()
	var out, err bytes.Buffer
	exit = run(t.Context(), args, streams{in: strings.NewReader(""), out: &out, err: &err})
	return exit, out.String(), err.String()
}

const lamp = `syntax = "proto3";
package lamp;
import "teff/v1/options.proto";
option go_package = "example.com/lamp;lamp";
service Lamp {
  option (teff.v1.grain) = {};
  rpc Flash(FlashRequest) returns (FlashResponse);
}
message FlashRequest {}
message FlashResponse {}
`

func writeProto(t *testing.T, name, source string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(source), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestGenerate types it again and again: what is written depends on what was there.
func TestGenerate(t *testing.T) {
	t.Chdir(t.TempDir())
	writeProto(t, "p,q/lamp.proto", lamp)
	for _, step := range []struct{ line, stdout string }{
		{"generate p,q", "p,q/lamp.pb.go\np,q/lampteff/lamp.teff.go\n"},
		{"generate -I p,q p,q/lamp.proto", ""},
		{"generate p,q -o json", `{"written":[],"unchanged":["p,q/lamp.pb.go","p,q/lampteff/lamp.teff.go"]}` + "\n"},
		{"generate -out o -package-suffix _grains p,q", "o/lamp.pb.go\no/lamp_grains/lamp.teff.go\n"},
		{"generate --out=o --package-suffix= p,q", "o/lamp.teff.go\n"},
		{"generate --out o", "o/p,q/lamp.pb.go\no/p,q/lampteff/lamp.teff.go\n"},
	} {
		exit, stdout, stderr := typed(t, strings.Fields(step.line)...)
		if exit != exitOK || filepath.ToSlash(stdout) != step.stdout || stderr != "" {
			t.Errorf("%s: exit %d, wrote %q and said %q; want %q", step.line, exit, stdout, stderr, step.stdout)
		}
	}
}

func TestGenerateTellsProblems(t *testing.T) {
	t.Chdir(t.TempDir())
	writeProto(t, "lamp.proto", strings.ReplaceAll(lamp, "returns (", "returns (stream "))
	exit, stdout, stderr := typed(t, "generate")
	want := "lamp.proto:7:3: lamp.Lamp.Flash streams its responses, which is not supported yet\n"
	if exit != 1 || stdout != "" || !strings.HasPrefix(stderr, want) {
		t.Errorf("exit %d, wrote %q and said %q; want %q", exit, stdout, stderr, want)
	}
}

func TestInitRefuses(t *testing.T) {
	t.Chdir(t.TempDir())
	writeProto(t, "x/lamp.proto", lamp)
	exit, stdout, stderr := typed(t, "init", "x")
	if exit != 1 || stdout != "" || !strings.Contains(stderr, "x is not empty (it has lamp.proto)") {
		t.Errorf("exit %d, wrote %q and said %q", exit, stdout, stderr)
	}
}

// TestInit builds with this checkout.
func TestInit(t *testing.T) {
	checkout, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	for want, args := range map[string][]string{
		"x\n":                {"init", "x", "-teff", checkout},
		`{"dir":"y"}` + "\n": {"init", "y", "--module", "example.com/y", "--teff=" + checkout, "-o", "json"},
	} {
		exit, stdout, stderr := typed(t, args...)
		if exit != exitOK || stdout != want || !strings.Contains(stderr, "make test") {
			t.Errorf("%s: exit %d, wrote %q and said %q", args, exit, stdout, stderr)
		}
	}
	for _, dir := range []string{"x", "y"} {
		if sums, err := os.ReadFile(filepath.Join(dir, "go.sum")); err != nil || len(sums) == 0 {
			t.Errorf("%s has no go.sum: %v", dir, err)
		}
	}
}
