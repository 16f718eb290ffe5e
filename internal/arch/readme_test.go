package arch

import (
	"encoding/json"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/teff-dev/teff/codegen"
	"github.com/teff-dev/teff/codegen/compile"
)

// root is the module's directory, seen from this package's tests.
const root = "../.."

// What surrounds the README's code: the lines that everybody knows.
const (
	protoHead = `syntax = "proto3";
package bank.v1;
import "teff/v1/options.proto";
option go_package = "` + module + `/internal/arch/readme/bank/v1;bankv1";
`
	protoTail = `
message AccountState { int64 balance = 1; }
message DepositRequest { int64 amount = 1; }
message DepositResponse { int64 balance = 1; }
message BalanceRequest {}
message BalanceResponse { int64 balance = 1; }
`
	goHead = `package main

import (
	"context"

	"` + module + `/grain"
	bankv1 "` + module + `/internal/arch/readme/bank/v1"
	"` + module + `/internal/arch/readme/bank/v1/bankv1teff"
	"` + module + `/silo"
)

`
	callHead = "\nfunc call(ctx context.Context, caller grain.Caller) (*bankv1.DepositResponse, error) {\n"
	callTail = "\treturn resp, err\n}\n\nvar _ = call\n"
)

// The README's proto is generated from, and its Go is built, as a program that nobody but
// this test sees.
func TestTheCodeOfTheReadmeCompiles(t *testing.T) {
	text := readDocument(t, "README.md")
	protos, gos := blocks(text, "proto"), blocks(text, "go")
	if len(protos) != 1 || len(gos) != 2 {
		t.Fatalf("README.md has %d blocks of proto and %d of Go: this test knows what to do with 1 and 2", len(protos), len(gos))
	}
	dir := t.TempDir()
	write(t, filepath.Join(dir, "bank/v1/bank.proto"), protoHead+protos[0]+protoTail)
	write(t, filepath.Join(dir, "main.go"), goHead+gos[0]+callHead+gos[1]+callTail)
	options := codegen.Options{PackageSuffix: "teff"}
	if _, err := compile.Run(t.Context(), compile.Config{Args: []string{dir}, Options: options}); err != nil {
		t.Fatalf("generate from the README's proto: %v", err)
	}
	overlay := overlayOf(t, dir, "internal/arch/readme")
	cmd := exec.CommandContext(t.Context(), "go", "build", "-overlay", overlay, "./internal/arch/readme/...")
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("the README's Go: %v\n%s", err, out)
	}
}

// overlayOf writes what tells the go command to see the Go files of dir as those of a
// directory of the module.
func overlayOf(t *testing.T, dir, as string) string {
	t.Helper()
	base, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	replace := make(map[string]string)
	err = filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if rel, relErr := filepath.Rel(dir, path); relErr == nil && strings.HasSuffix(path, ".go") {
			replace[filepath.Join(base, as, rel)] = path
		}
		return err
	})
	if err != nil || len(replace) != 3 {
		t.Fatalf("%d Go files in %s, want 3; %v", len(replace), dir, err)
	}
	text, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "overlay.json")
	write(t, file, string(text))
	return file
}

// blocks returns the code blocks of a language.
func blocks(document []byte, language string) (all []string) {
	for _, found := range regexp.MustCompile("(?ms)^```"+language+"\n(.*?)^```$").FindAllSubmatch(document, -1) {
		all = append(all, string(found[1]))
	}
	return all
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
