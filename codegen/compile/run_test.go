package compile_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/teff-dev/teff/codegen/compile"
)

// Protos for the tests: B imports A.
const (
	protoA = `syntax = "proto3";
package a;
option go_package = "example.com/a;apb";
message M {}
`
	protoB = `syntax = "proto3";
package b;
import "a/a.proto";
import "teff/v1/options.proto";
option go_package = "example.com/b;bpb";
service B {
  option (teff.v1.grain) = {state: "a.M"};
  rpc R(a.M) returns (a.M);
}
`
)

// tree writes files, and makes their directory the current one.
func tree(t *testing.T, files map[string]string) {
	t.Helper()
	t.Chdir(t.TempDir())
	for name, content := range files {
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func run(t *testing.T, c compile.Config) (compile.Result, error) {
	t.Helper()
	return compile.Run(t.Context(), c)
}

// TestWhatIsWrittenWhere runs over files of two import roots.
func TestWhatIsWrittenWhere(t *testing.T) {
	files := map[string]string{
		"one/a/a.proto":            protoA,
		"two/b/b.proto":            protoB,
		"two/.hidden/c.proto":      "not a proto",
		"two/_not/c.proto":         "not a proto",
		"two/vendor/c.proto":       "not a proto",
		"two/node_modules/c.proto": "not a proto",
		"two/testdata/c.proto":     "not a proto",
		"two/c.proto.txt":          "not a proto",
	}
	for name, c := range map[string]struct {
		config compile.Config
		want   []string
	}{
		"directories are roots": {
			compile.Config{Args: []string{"one", "./two/"}},
			[]string{"one/a/a.pb.go", "two/b/b.pb.go", "two/b/bpbteff/b.teff.go"},
		},
		"a root is only looked up in": {
			compile.Config{Args: []string{"two"}, Roots: []string{"one", "two"}},
			[]string{"two/b/b.pb.go", "two/b/bpbteff/b.teff.go"},
		},
		"a file": {
			compile.Config{Args: []string{"two/b/b.proto"}, Roots: []string{"one", "two"}},
			[]string{"two/b/b.pb.go", "two/b/bpbteff/b.teff.go"},
		},
		"a file, twice": {
			compile.Config{Args: []string{"one/a/a.proto", "one"}, Roots: []string{"one"}},
			[]string{"one/a/a.pb.go"},
		},
		"a directory below its root": {
			compile.Config{Args: []string{"one/a"}, Roots: []string{"one"}},
			[]string{"one/a/a.pb.go"},
		},
		"the innermost root counts": {
			compile.Config{Args: []string{"one"}, Roots: []string{".", "one"}},
			[]string{"one/a/a.pb.go"},
		},
		"elsewhere": {
			compile.Config{Args: []string{"one", "two"}, Out: "out/of"},
			[]string{"out/of/a/a.pb.go", "out/of/b/b.pb.go", "out/of/b/bpbteff/b.teff.go"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			tree(t, files)
			result, err := run(t, c.config)
			if err != nil {
				t.Fatal(err)
			}
			for i, name := range result.Written {
				result.Written[i] = filepath.ToSlash(name)
			}
			if slices.Sort(result.Written); !slices.Equal(result.Written, c.want) {
				t.Errorf("wrote %q, want %q", result.Written, c.want)
			}
			for _, name := range c.want {
				if info, err := os.Stat(name); err != nil || info.Size() == 0 || info.Mode().Perm() != 0o644 {
					t.Errorf("%s: %v, %v", name, info, err)
				}
			}
		})
	}
}

// TestNoArguments takes the current directory for the root, and finds what is below.
func TestNoArguments(t *testing.T) {
	tree(t, map[string]string{"a/a.proto": protoA, "b/b.proto": protoB})
	result, err := run(t, compile.Config{})
	if want := []string{"a/a.pb.go", "b/b.pb.go", "b/bpbteff/b.teff.go"}; err != nil || !slices.Equal(result.Written, want) {
		t.Errorf("wrote %q, %v; want %q", result.Written, err, want)
	}
}

func TestUnchangedFilesAreNotTouched(t *testing.T) {
	tree(t, map[string]string{"a/a.proto": protoA, "b/b.proto": protoB})
	if _, err := run(t, compile.Config{}); err != nil {
		t.Fatal(err)
	}
	long := time.Unix(1_000_000_000, 0)
	names := []string{"a/a.pb.go", "b/b.pb.go", "b/bpbteff/b.teff.go"}
	for _, name := range names {
		if err := os.Chtimes(name, long, long); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile("b/b.proto", []byte(strings.Replace(protoB, "rpc R", "// R is known.\n  rpc R", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	result, err := run(t, compile.Config{})
	if err != nil {
		t.Fatal(err)
	}
	if want := names[2:]; !slices.Equal(result.Written, want) || !slices.Equal(result.Unchanged, names[:2]) {
		t.Errorf("wrote %q, left %q; a comment of an rpc is in %q only", result.Written, result.Unchanged, want)
	}
	for i, name := range names {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		if untouched := info.ModTime().Equal(long); untouched != (i < 2) {
			t.Errorf("%s untouched: %t", name, untouched)
		}
	}
}

func TestRefused(t *testing.T) {
	for name, c := range map[string]struct {
		files  map[string]string
		config compile.Config
		want   string
	}{
		"no such file": {nil, compile.Config{Args: []string{"x.proto"}}, "find proto files: stat x.proto"},
		"no such root": {nil, compile.Config{Roots: []string{"x"}}, "the import root x is no directory"},
		"nothing there": {
			map[string]string{"a/readme": ""}, compile.Config{}, "there is no .proto file there",
		},
		"outside the root": {
			map[string]string{"one/a.proto": protoA, "two/a.proto": protoA},
			compile.Config{Args: []string{"two/a.proto"}, Roots: []string{"one"}},
			filepath.FromSlash("two/a.proto is below none of the import roots (one): name its root with -I"),
		},
		"one import path for two": {
			map[string]string{"one/a.proto": protoA, "two/a.proto": protoA},
			compile.Config{Args: []string{"one", "two"}},
			filepath.FromSlash(`one/a.proto and two/a.proto would both be imported as "a.proto"`),
		},
		"no go_package": {
			map[string]string{"a.proto": "syntax = \"proto3\";\n", "b.proto": "syntax = \"proto3\";\n"},
			compile.Config{},
			"a.proto:1:1: the file says no Go package: add a line such as option go_package = \"example.com/bank/v1;bankv1\";\nb.proto:1:1: the file says no",
		},
		"no such import": {
			map[string]string{"d/b.proto": protoB},
			compile.Config{Args: []string{"d"}},
			filepath.FromSlash("d/b.proto") + ":3:8: a/a.proto is below none of the import roots",
		},
		"every error": {
			map[string]string{"a.proto": "syntax = \"proto3\";\nmessage M {\n  Nope a = 1;\n  Nada b = 2;\n}\n"},
			compile.Config{},
			"a.proto:3:3: field M.a: unknown type Nope\na.proto:4:3: field M.b: unknown type Nada",
		},
		"an option's value of another type": {
			map[string]string{"a.proto": "syntax = \"proto3\";\nimport \"google/protobuf/descriptor.proto\";\noption go_package = \"example.com/p;p\";\n" +
				"extend google.protobuf.ServiceOptions {\n  string mine = 78201;\n}\nservice A { option (mine) = \"x\"; }\n"},
			compile.Config{},
			"a.proto:5:3: the number 78201 of mine is taken by teff.v1.grain",
		},
		"problems of two roots": {
			map[string]string{
				"one/a.proto": protoA + "import \"teff/v1/options.proto\";\nservice A { option (teff.v1.grain) = {state: \"X\"}; }\n",
				"two/b.proto": strings.ReplaceAll(protoB, "a/a.proto", "a.proto") + "service C { option (teff.v1.grain) = {state: \"Y\"}; }\n",
			},
			compile.Config{Args: []string{"one", "two"}},
			filepath.FromSlash("one/a.proto:6:39: there is no message X to be the state: write its full name, and import its file\ntwo/b.proto:10:39: there is no message Y"),
		},
	} {
		t.Run(name, func(t *testing.T) {
			tree(t, c.files)
			result, err := run(t, c.config)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, %v; want %s", result, err, c.want)
			}
			if len(result.Written) > 0 {
				t.Errorf("wrote %q", result.Written)
			}
		})
	}
}
