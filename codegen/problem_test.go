package codegen_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/teff-dev/teff/codegen"
	"github.com/teff-dev/teff/codegen/compile"
)

// problemCase is protos that are refused. A "@@" in a source is taken out, and is where
// the next one of want is expected; the files' order is that of their names.
type problemCase struct {
	name  string
	same  bool // the grains are in the messages' package
	files map[string]string
	want  []string
}

// Beginnings of sources.
const (
	head = `syntax = "proto3";
package p;
import "google/protobuf/empty.proto";
import "teff/v1/options.proto";
option go_package = "example.com/p;p";
message M {}
`
	headOfOther = `syntax = "proto3";
package p;
import "teff/v1/options.proto";
option go_package = "example.com/p;p";
`
)

// grainOf is a file with one grain, whose body is given.
func grainOf(body string) map[string]string {
	return map[string]string{"p.proto": head + "service A {\n  option (teff.v1.grain) = {};\n" + body + "\n}\n"}
}

// optionsOf is a file with one grain, whose options are given.
func optionsOf(options string) map[string]string {
	return map[string]string{"p.proto": head + "service A {\n  option (teff.v1.grain) = {" + options + "};\n}\n"}
}

func TestProblems(t *testing.T) {
	for _, c := range problemCases() {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			want := c.write(t, dir)
			result, err := compile.Run(t.Context(), compile.Config{Args: []string{dir}, Options: codegen.Options{SamePackage: c.same}})
			var problems codegen.Problems
			if !errors.As(err, &problems) {
				t.Fatalf("got %v, %v; want problems:\n%s", result, err, want)
			}
			if got := strings.ReplaceAll(problems.Error(), dir+string(filepath.Separator), ""); got != want {
				t.Errorf("got:\n%s\nwant:\n%s", got, want)
			}
			if left := goFiles(t, dir); len(left) > 0 {
				t.Errorf("wrote %d files in spite of problems", len(left))
			}
		})
	}
}

// write writes the case's files, and returns the problems that are expected.
func (c problemCase) write(t *testing.T, dir string) string {
	t.Helper()
	var lines []string
	want := c.want
	for _, name := range []string{"a.proto", "b.proto", "p.proto"} {
		source, ok := c.files[name]
		if !ok {
			continue
		}
		for n, line := range strings.Split(source, "\n") {
			for column := strings.Index(line, "@@"); column >= 0; column = strings.Index(line, "@@") {
				if len(want) == 0 {
					t.Fatal("the sources have more marks than there are problems")
				}
				lines = append(lines, fmt.Sprintf("%s:%d:%d: %s", name, n+1, column+1, want[0]))
				want, line = want[1:], line[:column]+line[column+2:]
			}
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(strings.ReplaceAll(source, "@@", "")), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if len(want) > 0 {
		t.Fatalf("there is no mark for %q", want)
	}
	return strings.Join(lines, "\n")
}
