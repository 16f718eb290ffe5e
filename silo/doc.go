// Package silo hosts grains.
//
// # Model
//
// A silo has a connection to NATS (its own embedded server, or an outside one), a
// store, and a catalog of activations. A call finds or makes the activation of its key
// and waits in that activation's mailbox; a worker runs the mailbox's calls as turns,
// one after the other, and leaves when it is empty, so that an idle activation has no
// goroutine. A call within the process never touches NATS.
//
// The zero [Config] is a whole cluster of one: an embedded NATS server on loopback, and
// Badger in ./teff-data.
//
// # How it fails
//
// Start reports everything that is wrong with the configuration and leaves nothing
// running. Afterwards each call gets a coded error of its own. A turn that panics ends
// its activation, not the process. A silo that is killed loses what was not acknowledged,
// and nothing else: see package persistence.
package silo
