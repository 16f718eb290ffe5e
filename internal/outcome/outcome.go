// Package outcome makes the errors by which a runtime says what became of a call that
// did not come to an answer of its method's.
package outcome

import (
	"context"
	"errors"

	"github.com/teff-dev/teff/grain"
	"github.com/teff-dev/teff/internal/seam"
)

// Refused makes an error that promises that the method did not begin.
func Refused(code grain.Code, format string, args ...any) *grain.Error {
	return NotExecuted(grain.Errorf(code, format, args...))
}

// NotExecuted adds the promise that the method did not begin to err, which is given
// CodeUnknown if it has no code.
func NotExecuted(err error) *grain.Error {
	var coded *grain.Error
	if !errors.As(err, &coded) {
		coded = grain.Errorf(grain.CodeOf(err), "%w", err)
	}
	f := grain.FaultOf(coded)
	f.NotExecuted = true
	return grain.MakeError(f)
}

// ContextEnded is what a caller gets whose context ended, for cause. Begun says that the
// method may have begun.
func ContextEnded(cause error, m *seam.Method, begun bool) *grain.Error {
	code, what := grain.CodeCancelled, "was cancelled"
	if errors.Is(cause, context.DeadlineExceeded) {
		code, what = grain.CodeDeadlineExceeded, "ran out of time"
	}
	if !begun {
		return Refused(code, "the call of %s %s before it began", m, what)
	}
	return grain.Errorf(code, "the call of %s %s; it may have its effect nonetheless", m, what)
}
