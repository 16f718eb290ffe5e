// Package faults is the fault programme: clusters of real processes under load, with
// everything that can go wrong going wrong, and a check of all that they promised.
//
// # Model
//
// A scenario starts a NATS server and silos, each a process of its own (the program runs
// itself again, as a child), and callers in this process: Go clients, and a plain NATS
// client at the door. It injects one kind of fault, lets the cluster recover, and checks
// what was written down: that the history of each register is linearizable, that counters
// and purses add up, and that no two silos passed the gates of a shard in turns. Silos
// write each pass of a gate to a file, with the host's boot clock, which all share.
//
// # How it fails
//
// A scenario fails for what it found, and also where its fault left no trace: then it has
// tested nothing. Mutants, silos that do one thing wrong, must make a scenario fail.
package faults
