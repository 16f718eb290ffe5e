package main

import (
	"context"
	"fmt"

	"github.com/teff-dev/teff/grain"
)

// DescribeCmd is teff describe.
type DescribeCmd struct {
	Type string `arg:"" optional:"" help:"The grain type, such as bank.v1.Account. Default: all are listed."`
}

// Help is the long help of teff describe.
func (*DescribeCmd) Help() string {
	return "Without a type: the hosted types, one a line. With one: its service, and the messages and enums of its methods, as proto writes them. " +
		"Comments are shown where the silo's descriptors have them; Go's generated code leaves them out."
}

// typeList is what teff describe tells programs without a type.
type typeList struct {
	Cluster string   `json:"cluster"`
	Types   []string `json:"types"`
}

// Run describes.
func (c *DescribeCmd) Run(ctx context.Context, io streams, g *Globals) error {
	if c.Type != "" {
		if err := (grain.ID{Type: c.Type, Key: "x"}).Validate(); err != nil {
			return usage("%s", sentence(err)).hint("teff describe lists the types")
		}
	}
	ctx, s, err := g.connect(ctx)
	if err != nil {
		return err
	}
	defer s.close()
	if c.Type == "" {
		return s.listTypes(ctx, io, g.json())
	}
	sch, err := s.schema(ctx, c.Type)
	if err != nil {
		return err
	}
	d := digestOf(sch)
	if g.json() {
		return writeLine(io.out, d)
	}
	_, err = fmt.Fprint(io.out, d.proto())
	return err
}

func (s *session) listTypes(ctx context.Context, io streams, asJSON bool) error {
	v, err := s.view(ctx)
	if err != nil {
		return err
	}
	types := hosted(v)
	if asJSON {
		return writeLine(io.out, typeList{v.GetCluster(), types})
	}
	if len(types) == 0 {
		io.note("the silos of cluster %q host no types", v.GetCluster())
	}
	for _, typ := range types {
		if _, err := fmt.Fprintln(io.out, typ); err != nil {
			return err
		}
	}
	return nil
}
