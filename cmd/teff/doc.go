// Command teff calls grains, shows what a cluster hosts, and makes Go code of proto
// files. docs/guide/cli.md is its manual.
//
// # Model
//
// It is a NATS client like any other: it calls through the door, learns what a grain
// looks like from the silos themselves, and so needs no proto files. Data goes to
// stdout, and what is for people to stderr.
//
// # How it fails
//
// With one sentence, a hint where there is a next step, and one of five exit codes that
// tell a script whether the call had its effect. See exit.go.
package main
