package grain

import (
	"time"

	"github.com/teff-dev/teff/internal/seam"
)

// A Kind is a grain type that a silo can host. Generated code makes it from a
// constructor: AccountKind(newAccount). What may be wrong with it (a hook with another
// signature, an option out of range) is told when a silo starts with it.
type Kind struct {
	spec *seam.Kind
}

// Type is the grain type's name, such as bank.v1.Account.
func (k Kind) Type() string {
	if k.spec == nil {
		return ""
	}
	return k.spec.Service.Type
}

// A KindOption says how a silo operates a grain type. What callers rely on is said in
// the proto instead, and Go cannot change it.
type KindOption func(*seam.Kind)

// IdleAfter is how long an activation may go without a call before it leaves memory.
// It overrides the proto's idle_after; zero leaves the default (15 minutes), a negative
// age means never.
func IdleAfter(age time.Duration) KindOption {
	return func(k *seam.Kind) { k.IdleAfter = age }
}

// Mailbox is how many calls may wait for one activation; one more is answered
// CodeResourceExhausted. It overrides the proto's mailbox; the default is 1024.
func Mailbox(calls int) KindOption {
	return func(k *seam.Kind) {
		if calls < 1 {
			k.Err = Errorf(CodeInvalidArgument, "Mailbox(%d) of %s: a mailbox holds at least one call", calls, k.Service.Type)
		}
		k.Mailbox = calls
	}
}

// MaxActivations caps the activations of this type in one silo. At the cap the coldest
// idle ones make room; where none is idle, calls to new keys are answered
// CodeResourceExhausted. Zero, the default, leaves only the silo's own cap.
func MaxActivations(n int) KindOption {
	return func(k *seam.Kind) {
		if n < 0 {
			k.Err = Errorf(CodeInvalidArgument, "MaxActivations(%d) of %s: a cap is not negative", n, k.Service.Type)
		}
		k.MaxActivations = n
	}
}
