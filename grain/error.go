package grain

import (
	"context"
	"errors"
	"fmt"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"

	"github.com/teff-dev/teff/internal/seam"
)

// An Error is how a call ends when it does not end well: a code, a sentence, and
// perhaps details. Those three cross the wire; what it wraps stays in the process.
type Error struct {
	fault seam.Fault
}

// Errorf makes an error with a code. The format is fmt.Errorf's, %w included.
func Errorf(code Code, format string, args ...any) *Error {
	text := fmt.Errorf(format, args...)
	return &Error{seam.Fault{Code: int(code), Message: text.Error(), Cause: errors.Unwrap(text)}}
}

// WithDetails returns a copy of the error with more details, which reach the caller.
// Messages of google.rpc (ErrorInfo, RetryInfo, …) are understood in every language.
// A nil detail, or one that cannot be encoded, is left out.
func (e *Error) WithDetails(details ...proto.Message) *Error {
	c := *e
	c.fault.Details = append([]*anypb.Any(nil), e.fault.Details...)
	for _, d := range details {
		if d == nil {
			continue
		}
		if a, err := anypb.New(d); err == nil {
			c.fault.Details = append(c.fault.Details, a)
		}
	}
	return &c
}

// Code returns the error's code.
func (e *Error) Code() Code { return Code(e.fault.Code) }

// Message returns the sentence without the code.
func (e *Error) Message() string { return e.fault.Message }

// Details returns the details; a type that this program does not know stays packed.
func (e *Error) Details() []*anypb.Any { return e.fault.Details }

// NotExecuted says that the runtime knows that the method did not begin, so that
// trying again is safe whatever the method does. An error that a method returned
// never says so.
func (e *Error) NotExecuted() bool { return e.fault.NotExecuted }

// Error returns the code and the sentence.
func (e *Error) Error() string { return e.Code().String() + ": " + e.fault.Message }

// Unwrap returns what the error wraps, in the process it arose in.
func (e *Error) Unwrap() error { return e.fault.Cause }

// Is makes errors.Is(err, grain.CodeX) ask for the code.
func (e *Error) Is(target error) bool {
	code, ok := target.(Code) // a value to compare with, never a wrapper
	return ok && code == e.Code()
}

// CodeOf returns the code of err: that of the first *Error in its chain, or a bare
// Code that was returned as an error, or what a context's error stands for, or
// CodeUnknown. It is zero for nil.
func CodeOf(err error) Code {
	var coded *Error
	var bare Code
	switch {
	case err == nil:
		return 0
	case errors.As(err, &coded):
		return coded.Code()
	case errors.As(err, &bare):
		return bare
	case errors.Is(err, context.DeadlineExceeded):
		return CodeDeadlineExceeded
	case errors.Is(err, context.Canceled):
		return CodeCancelled
	default:
		return CodeUnknown
	}
}
