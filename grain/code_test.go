package grain_test

import (
	"testing"

	"github.com/teff-dev/teff/grain"
)

// The names and numbers are on the wire: whoever changes one breaks old callers.
func TestCodesAreTheWires(t *testing.T) {
	table := []struct {
		code   grain.Code
		grpc   int
		name   string
		number int
	}{
		{grain.CodeCancelled, 1, "CANCELLED", 499},
		{grain.CodeUnknown, 2, "UNKNOWN", 500},
		{grain.CodeInvalidArgument, 3, "INVALID_ARGUMENT", 400},
		{grain.CodeDeadlineExceeded, 4, "DEADLINE_EXCEEDED", 504},
		{grain.CodeNotFound, 5, "NOT_FOUND", 404},
		{grain.CodeAlreadyExists, 6, "ALREADY_EXISTS", 409},
		{grain.CodePermissionDenied, 7, "PERMISSION_DENIED", 403},
		{grain.CodeResourceExhausted, 8, "RESOURCE_EXHAUSTED", 429},
		{grain.CodeFailedPrecondition, 9, "FAILED_PRECONDITION", 412},
		{grain.CodeAborted, 10, "ABORTED", 409},
		{grain.CodeOutOfRange, 11, "OUT_OF_RANGE", 416},
		{grain.CodeUnimplemented, 12, "UNIMPLEMENTED", 501},
		{grain.CodeInternal, 13, "INTERNAL", 500},
		{grain.CodeUnavailable, 14, "UNAVAILABLE", 503},
		{grain.CodeDataLoss, 15, "DATA_LOSS", 500},
		{grain.CodeUnauthenticated, 16, "UNAUTHENTICATED", 401},
		{grain.CodeMaybeExecuted, 17, "MAYBE_EXECUTED", 502},
	}
	for _, row := range table {
		if int(row.code) != row.grpc || row.code.String() != row.name || row.code.Number() != row.number || row.code.Error() != row.name {
			t.Errorf("%s: code %d, name %q, number %d; want %d, %q, %d", row.name, int(row.code), row.code.String(), row.code.Number(), row.grpc, row.name, row.number)
		}
		if got, ok := grain.ParseCode(row.name); !ok || got != row.code {
			t.Errorf("ParseCode(%q) = %v, %t", row.name, got, ok)
		}
	}
}

func TestUnknownCodes(t *testing.T) {
	for _, c := range []grain.Code{0, -1, grain.CodeMaybeExecuted + 1} {
		if c.String() != "UNKNOWN" || c.Number() != 500 {
			t.Errorf("code %d is %q, %d", int(c), c.String(), c.Number())
		}
	}
	for _, name := range []string{"", "OK", "not_found", "NotFound", " NOT_FOUND", "CANCELED"} {
		if c, ok := grain.ParseCode(name); ok || c != grain.CodeUnknown {
			t.Errorf("ParseCode(%q) = %v, %t", name, c, ok)
		}
	}
}
