// Package compile turns proto files on disk into Go code on disk, within the process:
// it needs neither protoc nor buf nor a plugin in the PATH.
//
// # Model
//
// A proto file is known by the path it is imported with, which is relative to an
// import root. What is not found below any root may be one of Teff's own files
// (teff/v1/options.proto) or one that comes with protobuf; both are bundled. Go code is
// written as with paths=source_relative: beside its proto, or at the same place below
// Config.Out. Run makes what protoc-gen-go makes, and what codegen makes for the grains.
//
// # How it fails
//
// With codegen.Problems, whose files are paths on disk, where a proto file is at fault:
// all that were found, and nothing was written. Other errors are of the disk or of the
// arguments.
package compile
