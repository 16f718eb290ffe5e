package graintest

import (
	"context"
	"errors"

	"github.com/teff-dev/teff/grain"
	"github.com/teff-dev/teff/internal/seam"
)

// flatten is what is left of an error when it leaves a turn of a silo: code, message,
// details. What says which turn. The text of an error without a code stays behind.
func flatten(err error, what string) *grain.Error {
	var coded *grain.Error
	switch {
	case errors.As(err, &coded):
		f := grain.FaultOf(coded)
		if err != error(coded) { //nolint:errorlint // somebody wrapped it, to say more
			f.Message = err.Error()
		}
		// A test may stand in for the runtime, so the not-executed mark passes.
		return grain.MakeError(seam.Fault{Code: f.Code, Message: f.Message, Details: f.Details, NotExecuted: f.NotExecuted})
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return grain.Errorf(grain.CodeOf(err), "%s was given up; it may have had its effect", what)
	default:
		return grain.Errorf(grain.CodeOf(err), "%s failed with an error without a code; its text is in the silo's log", what)
	}
}
