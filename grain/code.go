package grain

// A Code says what kind of error a call ended with. It is an error itself, so that
// errors.Is(err, grain.CodeNotFound) asks for it.
type Code int

// The codes. All but the last are gRPC's, with gRPC's numbers.
const (
	// CodeCancelled: the caller gave up.
	CodeCancelled Code = 1
	// CodeUnknown: the method returned an error without a code.
	CodeUnknown Code = 2
	// CodeInvalidArgument: the request makes no sense, whatever the grain's state.
	CodeInvalidArgument Code = 3
	// CodeDeadlineExceeded: no answer in time; the method may have run.
	CodeDeadlineExceeded Code = 4
	// CodeNotFound: the grain says so.
	CodeNotFound Code = 5
	// CodeAlreadyExists: the grain says so.
	CodeAlreadyExists Code = 6
	// CodePermissionDenied: this caller may not.
	CodePermissionDenied Code = 7
	// CodeResourceExhausted: a mailbox, a cap or a size limit is full.
	CodeResourceExhausted Code = 8
	// CodeFailedPrecondition: not in the state that the grain, or the caller, is in.
	CodeFailedPrecondition Code = 9
	// CodeAborted: the state was changed elsewhere, or the call is part of a cycle.
	CodeAborted Code = 10
	// CodeOutOfRange: the grain says so.
	CodeOutOfRange Code = 11
	// CodeUnimplemented: there is no such type or method.
	CodeUnimplemented Code = 12
	// CodeInternal: a panic, or a broken promise.
	CodeInternal Code = 13
	// CodeUnavailable: no silo serves the grain now; try again later.
	CodeUnavailable Code = 14
	// CodeDataLoss: a stored record is damaged.
	CodeDataLoss Code = 15
	// CodeUnauthenticated: nobody vouches for this caller.
	CodeUnauthenticated Code = 16
	// CodeMaybeExecuted: the outcome is unknown, and that is known at once: the
	// owner died with the call, or the store did not answer a commit.
	CodeMaybeExecuted Code = 17
)

// codeRow is how a code looks on the wire.
type codeRow struct {
	name   string
	number int // of Nats-Service-Error-Code
}

// rows is a function so that the table is nobody's to change.
func (c Code) row() codeRow {
	switch c {
	case CodeCancelled:
		return codeRow{"CANCELLED", 499}
	case CodeUnknown:
		return codeRow{"UNKNOWN", 500}
	case CodeInvalidArgument:
		return codeRow{"INVALID_ARGUMENT", 400}
	case CodeDeadlineExceeded:
		return codeRow{"DEADLINE_EXCEEDED", 504}
	case CodeNotFound:
		return codeRow{"NOT_FOUND", 404}
	case CodeAlreadyExists:
		return codeRow{"ALREADY_EXISTS", 409}
	case CodePermissionDenied:
		return codeRow{"PERMISSION_DENIED", 403}
	case CodeResourceExhausted:
		return codeRow{"RESOURCE_EXHAUSTED", 429}
	case CodeFailedPrecondition:
		return codeRow{"FAILED_PRECONDITION", 412}
	case CodeAborted:
		return codeRow{"ABORTED", 409}
	case CodeOutOfRange:
		return codeRow{"OUT_OF_RANGE", 416}
	case CodeUnimplemented:
		return codeRow{"UNIMPLEMENTED", 501}
	case CodeInternal:
		return codeRow{"INTERNAL", 500}
	case CodeUnavailable:
		return codeRow{"UNAVAILABLE", 503}
	case CodeDataLoss:
		return codeRow{"DATA_LOSS", 500}
	case CodeUnauthenticated:
		return codeRow{"UNAUTHENTICATED", 401}
	case CodeMaybeExecuted:
		return codeRow{"MAYBE_EXECUTED", 502}
	default:
		return codeRow{"UNKNOWN", 500}
	}
}

// String returns the canonical name, such as NOT_FOUND.
func (c Code) String() string { return c.row().name }

// Error makes a Code a target for errors.Is.
func (c Code) Error() string { return c.String() }

// Number returns the number that goes with the code in NATS service errors, such as
// 404.
func (c Code) Number() int { return c.row().number }

// ParseCode finds a code by its canonical name.
func ParseCode(name string) (Code, bool) {
	for c := CodeCancelled; c <= CodeMaybeExecuted; c++ {
		if c.String() == name {
			return c, true
		}
	}
	return CodeUnknown, false
}
