// Package scaffold writes the beginning of a project: a proto, a grain with state, its
// test, a main function, and what builds them. It is what teff init does.
//
// # Model
//
// The files are templates that are part of the program; the generated code is made
// from the written proto, within the process. What is written needs only Go: its go.mod
// names Teff's command as a tool, so that go tool teff is the release that the project
// requires. go.sum is left to Go.
//
// # How it fails
//
// A directory that has something in it other than .git is refused, and so is a module
// name that Go would not take. When Go cannot find the modules (no network, a release
// that is not published), or not within two minutes, the project is taken away again.
package scaffold
