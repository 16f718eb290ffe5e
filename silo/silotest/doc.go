// Package silotest runs a cluster of silos in one process, for tests.
//
// # Model
//
// [New] starts a NATS server that nobody else can reach, and silos that share it and a
// store in memory. It takes a fraction of a second, and the test's end stops everything.
// Silos can be added, stopped, killed, paused and cut off; [Cluster.WaitSettled] waits
// until the cluster has come to rest, so that no test need sleep. [Virtual] runs a test
// where time passes as fast as nothing happens.
//
// To test one grain by itself, grain/graintest is quicker and needs no silo.
//
// # How it fails
//
// What a test asks for and cannot have ends the test: a silo that does not start, a number
// that no silo has. Silos that do not stop in order at the test's end fail it.
//
// A silo is not a process. What that means for a kill, a pause and a partition is said
// there; a user's own goroutines, and globals, are beyond its reach.
package silotest
