package main

import (
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// singleDashFlags writes -name as --name where name is one of app's long flags: both
// forms are common, and the parser takes one. Arguments after "--" stay as they are.
func singleDashFlags(app *kong.Application, args []string) []string {
	known := longFlags(app.Node)
	out := slices.Clone(args)
	for i, arg := range out {
		if arg == "--" {
			break
		}
		name, _, _ := strings.Cut(strings.TrimPrefix(arg, "-"), "=")
		if strings.HasPrefix(arg, "-") && len(name) > 1 && slices.Contains(known, name) {
			out[i] = "-" + arg
		}
	}
	return out
}

// longFlags are the names of all flags of a command and those below it.
func longFlags(node *kong.Node) []string {
	var names []string
	for _, f := range node.Flags {
		names = append(names, f.Name)
		if f.Tag.Negatable != "" {
			names = append(names, "no-"+f.Name)
		}
	}
	for _, child := range node.Children {
		names = append(names, longFlags(child)...)
	}
	return names
}
