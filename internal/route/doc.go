// Package route finds the silo that a call is for, sends it, and sends again what is
// safe to send again.
//
// Safe means: the runtime on the other side says that the method did not begin, or NATS
// says that nobody got the request; or the outcome is unknown and the method declares
// itself NO_SIDE_EFFECTS or IDEMPOTENT. Nothing else is ever sent twice.
package route
