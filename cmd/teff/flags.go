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

// negativeValues joins a flag and the negative number behind it, which the parser would
// take for a flag: that the number will not do is the command's to say.
func negativeValues(app *kong.Application, args []string) []string {
	known := longFlags(app.Node)
	var out []string
	for i, arg := range args {
		if arg == "--" {
			return append(out, args[i:]...)
		}
		if isNegative(arg) && len(out) > 0 {
			if name, dashed := strings.CutPrefix(out[len(out)-1], "--"); dashed && slices.Contains(known, name) {
				out[len(out)-1] += "=" + arg
				continue
			}
		}
		out = append(out, arg)
	}
	return out
}

// isNegative says that it begins as a negative number does.
func isNegative(arg string) bool {
	return len(arg) > 1 && arg[0] == '-' && ('0' <= arg[1] && arg[1] <= '9' || arg[1] == '.')
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
