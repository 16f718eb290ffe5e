package main

import (
	"fmt"
	"runtime"

	"github.com/teff-dev/teff/internal/release"
	"github.com/teff-dev/teff/internal/wire"
)

// VersionCmd is teff version.
type VersionCmd struct{}

type version struct {
	Release  string `json:"release"`
	Wire     int    `json:"wire"`
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

// Run prints which release this is, and which wire contract it speaks.
func (*VersionCmd) Run(io streams, g *Globals) error {
	v := version{release.Version, wire.Version, runtime.Version(), runtime.GOOS + "/" + runtime.GOARCH}
	if g.json() {
		return writeLine(io.out, v)
	}
	_, err := fmt.Fprintf(io.out, "teff %s (wire %d, %s, %s)\n", v.Release, v.Wire, v.Go, v.Platform)
	return err
}
