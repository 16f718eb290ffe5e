// Package wire is the contract between silos and whoever calls them: the names of
// subjects, the headers, the codecs, and how an error looks in a message. It is the
// project's own reading of docs/protocol.md, and knows no connection: what it makes
// and reads are strings, bytes and headers.
//
// # Model
//
// A call is addressed by a subject whose tokens are the grain type, the key and the
// method. A type's dots are hyphens there, and of a key each byte that a subject may
// not hold is escaped, so that each identity has exactly one spelling. Any other
// spelling is refused, since the NATS server hashes what is spelled: two spellings of
// one grain would live in two places.
//
// Functions that write take what was validated before (see grain.ID.Validate) and
// cannot fail. Functions that read take what anybody on the bus may have sent.
//
// # How it fails
//
// What was read and cannot be accepted is a *grain.Error with INVALID_ARGUMENT and a
// sentence that says what to write instead. No input makes this package panic. The
// errors do not carry the not-executed mark, with the exception of [ParseTimeout]'s:
// the same functions read requests and replies, and only the reader knows which.
package wire
