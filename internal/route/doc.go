// Package route finds the silo that a call is for, sends it, and sends again what is
// safe to send again.
//
// # Model
//
// A [Router] has the newest view it was told of, and reads off it who owns a grain's
// shard. A silo is told every view; a client asks for one, and is told of changes. Calls
// under way are kept by the silo they were sent to: when that silo is declared dead, they
// end at once and not at their deadlines.
//
// # How it fails
//
// Safe to send again means: the runtime on the other side says that the method did not
// begin, or NATS says that nobody got the request; or the outcome is unknown and the
// method declares itself NO_SIDE_EFFECTS or IDEMPOTENT. Nothing else is ever sent twice.
package route
