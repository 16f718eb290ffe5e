// Package protos holds Teff's own proto files, so that tools can compile protos that
// import teff/v1/options.proto without having it on disk.
package protos

import "embed"

// Files are the proto files, by the path they are imported with.
//
//go:embed teff/v1/*.proto
var Files embed.FS
