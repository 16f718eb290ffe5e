// Package seam is where the public vocabulary (package grain) meets what runs it
// (a silo, a client, a test kit): the descriptions of grain types that generated
// code makes, and the interface through which an activation reaches its host.
//
// It is internal, so that no user can depend on it, and it lies below grain, so
// that grain can hold its types without knowing a silo.
package seam
