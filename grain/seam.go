package grain

import "github.com/teff-dev/teff/internal/seam"

// The functions of this file are for generated code and for what runs grains. Each
// takes or returns an internal type, so that no user can depend on it.

// Bind makes a an activation that lives in host.
func Bind(a *Activation, host seam.Host) { a.host = host }

// MakeKind wraps a kind.
func MakeKind(spec *seam.Kind) Kind { return Kind{spec} }

// SpecOf unwraps a kind; nil for the zero Kind.
func SpecOf(k Kind) *seam.Kind { return k.spec }

// MakeError wraps a fault.
func MakeError(f seam.Fault) *Error { return &Error{f} }

// FaultOf unwraps an error.
func FaultOf(e *Error) seam.Fault { return e.fault }
