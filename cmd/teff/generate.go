package main

import (
	"context"
	"fmt"

	"github.com/teff-dev/teff/codegen"
	"github.com/teff-dev/teff/codegen/compile"
)

// GenerateCmd is teff generate.
type GenerateCmd struct {
	Args          []string `arg:"" optional:"" name:"path" help:"Proto files, or directories to find them in. Default: the current directory."`
	Include       []string `short:"I" sep:"none" placeholder:"DIR" help:"Import root; may be repeated. Default: each directory given, and the current one if a file is."`
	Out           string   `placeholder:"DIR" help:"Directory to write below. Default: beside the proto files."`
	PackageSuffix string   `default:"teff" help:"What the name of the grains' Go package ends in; empty puts them into the messages' package."`
}

// Help is the long help of teff generate.
func (*GenerateCmd) Help() string {
	return "Makes Go code of proto files: the messages as protoc-gen-go does, and the grains. " +
		"Only files that change are written, and each is printed; none is removed."
}

// generated is what teff generate tells programs.
type generated struct {
	Written   []string `json:"written"`
	Unchanged []string `json:"unchanged"`
}

// Run generates, and prints the files that were written.
func (c *GenerateCmd) Run(ctx context.Context, io streams, g *Globals) error {
	result, err := compile.Run(ctx, compile.Config{
		Args:    c.Args,
		Roots:   c.Include,
		Out:     c.Out,
		Options: codegen.Options{PackageSuffix: c.PackageSuffix, SamePackage: c.PackageSuffix == ""},
	})
	if err != nil {
		return err
	}
	if g.json() {
		return writeLine(io.out, generated{append([]string{}, result.Written...), append([]string{}, result.Unchanged...)})
	}
	for _, name := range result.Written {
		fmt.Fprintln(io.out, name)
	}
	return nil
}
