// Package codegen makes Go code for grains: descriptors in, Go files out.
//
// # Model
//
// A service with option (teff.v1.grain) is a grain type, and every other service is
// left alone. Per grain type there is an interface that the grain implements and its
// refs offer, a function that makes refs (AccountOf), one that makes a kind
// (AccountKind), and a base that answers every method with CodeUnimplemented. What
// runs at run time is in grain/grainrt; the generated code is a table over it.
//
// The code goes into a package of its own below the one of the messages: for
// example.com/bank/v1;bankv1 it is example.com/bank/v1/bankv1teff. So a grain can be
// named like a message, and a program that only reads messages links no grain.
//
// Generate works on a protogen.Plugin. It is the whole of protoc-gen-go-teff, and
// package codegen/compile calls it within the process.
//
// # How it fails
//
// With Problems: every one that was found, each with its file, line and column. A file
// is written only when there is no problem in any.
package codegen
