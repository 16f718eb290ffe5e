package codegen

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"
)

// A Problem is something in a proto file that no grain can be made of.
type Problem struct {
	File   string // as the compiler knows it, such as bank/v1/bank.proto
	Line   int    // from 1; zero where the descriptors came without source locations
	Column int    // from 1
	Text   string // a sentence
}

// String returns FILE:LINE:COLUMN: TEXT.
func (p Problem) String() string {
	if p.Line == 0 {
		return p.File + ": " + p.Text
	}
	return fmt.Sprintf("%s:%d:%d: %s", p.File, p.Line, p.Column, p.Text)
}

// Problems are all problems of one run, by file, line and column.
type Problems []Problem

// Error returns the problems, one a line.
func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// add notes a problem at desc, or at what path leads to from there: field numbers of
// desc's descriptor message, as source locations have them.
func (ps *Problems) add(desc protoreflect.Descriptor, path []int32, format string, args ...any) {
	line, column := position(desc, path)
	*ps = append(*ps, Problem{
		File:   desc.ParentFile().Path(),
		Line:   line,
		Column: column,
		Text:   fmt.Sprintf(format, args...),
	})
}

func (ps Problems) sorted() Problems {
	slices.SortStableFunc(ps, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return slices.Compact(ps)
}

// position finds the narrowest known location. Compilers differ in how deep into an
// option's value their locations go.
func position(desc protoreflect.Descriptor, path []int32) (line, column int) {
	locations := desc.ParentFile().SourceLocations()
	base := locations.ByDescriptor(desc)
	for n := len(path); n > 0; n-- {
		at := append(slices.Clone(base.Path), path[:n]...)
		if l := locations.ByPath(at); l.Path != nil {
			return l.StartLine + 1, l.StartColumn + 1
		}
	}
	if base.Path == nil {
		return 0, 0
	}
	return base.StartLine + 1, base.StartColumn + 1
}
