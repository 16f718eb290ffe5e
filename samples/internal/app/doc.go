// Package app is what the samples have around their grains: the command line, the silo's
// start and end, and the progress bar. Nothing of it is part of Teff; a service of your
// own needs no more than silo.Main.
//
// # Model
//
// Main runs one function with a [Command], which holds the flags that every sample
// takes. [Command.Host] runs a silo around another function, and beyond it with -serve,
// until the process gets SIGINT or SIGTERM.
//
// # How it fails
//
// Data goes to stdout, all else to stderr. A process exits with 0 when all went well,
// with 2 when its command line made no sense, and with 1 otherwise. A second signal ends
// it at once.
package app
