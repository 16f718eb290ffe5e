package seam

import "time"

// Kind is a grain type that a silo can host: the service, the constructor, and how
// it is operated.
type Kind struct {
	Service *Service

	// New constructs a grain for an activation, which is a *grain.Activation.
	New func(activation any) (grain any, err error)

	IdleAfter      time.Duration // zero: the silo's default; negative: never idle
	Mailbox        int           // zero: the silo's default
	MaxActivations int           // zero: no cap of its own

	// Err is what is wrong with the registration; the silo refuses to start with it.
	Err error
}
