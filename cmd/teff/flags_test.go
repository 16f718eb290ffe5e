package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

func TestSingleDashFlags(t *testing.T) {
	parser, err := kong.New(&struct {
		Generate GenerateCmd `cmd:""`
		Init     InitCmd     `cmd:""`
	}{})
	if err != nil {
		t.Fatal(err)
	}
	for in, want := range map[string]string{
		"init x -teff ..":          "init x --teff ..",
		"init x -teff=..":          "init x --teff=..",
		"init x --teff ..":         "init x --teff ..",
		"init -module a -teff b x": "init --module a --teff b x",
		"generate -I a -out b":     "generate -I a --out b",
		"generate -Iout":           "generate -Iout",
		"generate -package-suffix": "generate --package-suffix",
		"generate -unknown -t - x": "generate -unknown -t - x",
		"init -help":               "init --help",
		"init -- -teff":            "init -- -teff",
		"init teff":                "init teff",
	} {
		args := strings.Fields(in)
		before := slices.Clone(args)
		if got := strings.Join(singleDashFlags(parser.Model, args), " "); got != want {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
		if !slices.Equal(args, before) {
			t.Errorf("%q was changed where it is", in)
		}
	}
}

// TestInitTakesEitherDash parses what a user may write.
func TestInitTakesEitherDash(t *testing.T) {
	for _, flag := range []string{"-teff", "--teff"} {
		var cli struct {
			Init InitCmd `cmd:""`
		}
		parser, err := kong.New(&cli)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := parser.Parse(singleDashFlags(parser.Model, []string{"init", "x", flag, ".."})); err != nil {
			t.Errorf("%s: %v", flag, err)
		}
		if cli.Init.Dir != "x" || cli.Init.Teff != ".." {
			t.Errorf("%s: got %+v", flag, cli.Init)
		}
	}
}
