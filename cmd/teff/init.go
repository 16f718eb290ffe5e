package main

import (
	"context"
	"fmt"

	"github.com/teff-dev/teff/codegen/scaffold"
)

// InitCmd is teff init.
type InitCmd struct {
	Dir    string `arg:"" placeholder:"DIR" help:"Directory to write the project to; it must be empty, but for .git, or not be there."`
	Module string `placeholder:"NAME" help:"Name of the Go module. Default: the directory's name."`
	Teff   string `placeholder:"DIR" help:"Build with this checkout of Teff instead of the release."`
}

// Help is the long help of teff init.
func (*InitCmd) Help() string {
	return "Writes a project that runs at once: a proto, a grain with state, its test, a main function and a Makefile. " +
		"Then: cd DIR && make test"
}

// initialised is what teff init tells programs.
type initialised struct {
	Dir string `json:"dir"`
}

// Run writes the project, prints where it is, and says what to do there.
func (c *InitCmd) Run(ctx context.Context, io streams, g *Globals) error {
	project := scaffold.Project{Dir: c.Dir, Module: c.Module, Teff: c.Teff}
	if err := project.Create(ctx); err != nil {
		return err
	}
	io.note("written; now: cd %s && make test && make run", c.Dir)
	if g.json() {
		return writeLine(io.out, initialised{c.Dir})
	}
	fmt.Fprintln(io.out, c.Dir)
	return nil
}
