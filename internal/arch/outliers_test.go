package arch

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// What is longer is an outlier.
const (
	maxFileLines = 400
	maxFuncLines = 60
	manyNames    = 15
)

// A source is one Go file.
type source struct {
	path string
	text []byte
}

func (s source) isTest() bool { return strings.HasSuffix(s.path, "_test.go") }

func TestFilesAndFunctionsAreShort(t *testing.T) {
	seen := 0
	for _, p := range packages(t) {
		var names []string
		for _, file := range slices.Concat(p.GoFiles, p.IgnoredGoFiles, p.TestGoFiles, p.XTestGoFiles) {
			text, err := os.ReadFile(filepath.Join(p.Dir, file))
			if err != nil {
				t.Fatal(err)
			}
			seen++
			s := source{relative(p.ImportPath) + "/" + file, text}
			outliers, exported, err := measure(s)
			if err != nil {
				t.Errorf("%v", err)
				continue
			}
			for _, sentence := range outliers {
				t.Error(sentence)
			}
			names = append(names, exported...)
		}
		if len(names) > manyNames && !strings.Contains(p.ImportPath, "/internal/") {
			t.Logf("%s exports %d names: %s", relative(p.ImportPath), len(names), strings.Join(names, " "))
		}
	}
	if seen < 20 {
		t.Fatalf("only %d files were looked at: the test is blind", seen)
	}
}

// measure returns a sentence for each outlier of a file, and the names that it exports
// (those of methods, fields and constants aside). Generated files have neither.
func measure(s source) (sentences, exported []string, err error) {
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, s.path, s.text, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return nil, nil, fmt.Errorf("parse %s: %w", s.path, err)
	}
	if ast.IsGenerated(file) {
		return nil, nil, nil
	}
	reason := regexp.MustCompile(`(?m)^// Longer than usual: \S+ \S+`)
	if lines := fset.File(file.FileStart).LineCount(); lines > maxFileLines && !reason.Match(s.text) {
		sentences = append(sentences, fmt.Sprintf("%s has %d lines: split it (%d are the limit), or say why not in a comment // Longer than usual: …", s.path, lines, maxFileLines))
	}
	if s.isTest() {
		return sentences, nil, nil
	}
	for _, decl := range file.Decls {
		exported = append(exported, exportedBy(decl)...)
		f, ok := decl.(*ast.FuncDecl)
		if !ok {
			continue
		}
		if lines := fset.Position(f.End()).Line - fset.Position(f.Pos()).Line + 1; lines > maxFuncLines {
			sentences = append(sentences, fmt.Sprintf("%s: %s has %d lines: split it (%d are the limit)", fset.Position(f.Pos()), f.Name.Name, lines, maxFuncLines))
		}
	}
	return sentences, exported, nil
}

// exportedBy returns the names of the functions, types and variables that a declaration
// exports.
func exportedBy(decl ast.Decl) (names []string) {
	add := func(ids ...*ast.Ident) {
		for _, id := range ids {
			if id.IsExported() {
				names = append(names, id.Name)
			}
		}
	}
	switch d := decl.(type) {
	case *ast.FuncDecl:
		if d.Recv == nil {
			add(d.Name)
		}
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			switch s := spec.(type) {
			case *ast.TypeSpec:
				add(s.Name)
			case *ast.ValueSpec:
				if d.Tok == token.VAR {
					add(s.Names...)
				}
			}
		}
	}
	return names
}
