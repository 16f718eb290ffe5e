// Package grain holds the words that a grain's author and its callers share.
//
// # Model
//
// A grain is an object with an identity, a private state and one turn at a time. It
// always exists: the first call to a key activates it somewhere, and when it has not
// been called for a while it leaves memory again, until the next call. A caller
// holds a ref, which generated code makes from a [Caller] and a key, and which
// implements the same interface as the grain.
//
// An author writes a type with the service's methods and a constructor that takes an
// [Activation]. State that outlives the activation is a [State], and is changed by
// Update only. A method runs as a turn: nothing else runs in this grain meanwhile,
// and the context it gets is the turn's. Calls to other grains go through the
// activation, with that context or one derived from it.
//
// # How it fails
//
// Every error that reaches a caller is an [*Error] with a [Code]; CodeOf finds it.
// What leaves a method is flattened on the way: a code, a message and details
// arrive, and nothing else of the error does, whether the caller is on another
// machine or in the same process.
package grain
