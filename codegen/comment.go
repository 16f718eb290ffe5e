package codegen

import (
	"strings"

	"google.golang.org/protobuf/compiler/protogen"
)

// comment prints text as a Go comment. Each line gets a space after the slashes, so
// that none can become a directive (//go:…), and loses what Go source cannot hold.
func comment(g *protogen.GeneratedFile, text string) {
	text = strings.Map(func(r rune) rune {
		switch r {
		case 0, '\r', '\ufeff':
			return -1
		}
		return r
	}, text)
	for line := range strings.SplitSeq(strings.TrimSuffix(text, "\n"), "\n") {
		switch {
		case strings.TrimSpace(line) == "":
			g.P("//")
		case strings.HasPrefix(line, " "), strings.HasPrefix(line, "\t"):
			g.P("//", line)
		default:
			g.P("// ", line)
		}
	}
}

// document prints the proto's comment, or otherwise where there is none, and says
// why something is deprecated, if it is.
func document(g *protogen.GeneratedFile, own protogen.Comments, otherwise, deprecated string) {
	text := string(own)
	if strings.TrimSpace(text) == "" {
		text = otherwise
	}
	comment(g, text)
	if deprecated != "" {
		g.P("//")
		g.P("// Deprecated: ", deprecated)
	}
}
