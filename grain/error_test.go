package grain_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/teff-dev/teff/grain"
	"github.com/teff-dev/teff/internal/seam"
)

func TestErrorsAreAskedForTheirCode(t *testing.T) {
	err := grain.Errorf(grain.CodeNotFound, "account %q: %w", "bob", io.EOF)
	wrapped := fmt.Errorf("transfer: %w", err)
	if !errors.Is(wrapped, grain.CodeNotFound) || errors.Is(wrapped, grain.CodeAborted) {
		t.Errorf("%v is NOT_FOUND: %t, is ABORTED: %t", wrapped, errors.Is(wrapped, grain.CodeNotFound), errors.Is(wrapped, grain.CodeAborted))
	}
	if !errors.Is(err, io.EOF) {
		t.Error("what an error wraps is lost in its own process")
	}
	if got, want := err.Error(), `NOT_FOUND: account "bob": EOF`; got != want {
		t.Errorf("the error reads %q, want %q", got, want)
	}
	if got, want := err.Message(), `account "bob": EOF`; got != want {
		t.Errorf("the message is %q, want %q", got, want)
	}
	if err.NotExecuted() {
		t.Error("a method's error claims that the method did not begin")
	}
}

func TestCodeOf(t *testing.T) {
	for _, c := range []struct {
		err  error
		want grain.Code
	}{
		{nil, 0},
		{io.EOF, grain.CodeUnknown},
		{context.Canceled, grain.CodeCancelled},
		{context.DeadlineExceeded, grain.CodeDeadlineExceeded},
		{fmt.Errorf("load: %w", context.DeadlineExceeded), grain.CodeDeadlineExceeded},
		{grain.Errorf(grain.CodeAborted, "x"), grain.CodeAborted},
		{fmt.Errorf("a: %w", fmt.Errorf("b: %w", grain.Errorf(grain.CodeOutOfRange, "x"))), grain.CodeOutOfRange},
		{errors.Join(io.EOF, grain.Errorf(grain.CodeDataLoss, "x")), grain.CodeDataLoss},
		{grain.Errorf(grain.CodeInternal, "outer: %w", grain.Errorf(grain.CodeNotFound, "inner")), grain.CodeInternal},
		{grain.Errorf(grain.CodeUnavailable, "gone: %w", context.Canceled), grain.CodeUnavailable},
		{grain.CodeNotFound, grain.CodeNotFound},
		{fmt.Errorf("look up: %w", grain.CodeNotFound), grain.CodeNotFound},
	} {
		if got := grain.CodeOf(c.err); got != c.want {
			t.Errorf("CodeOf(%v) = %v, want %v", c.err, got, c.want)
		}
	}
}

func TestWithDetailsCopies(t *testing.T) {
	bare := grain.Errorf(grain.CodeResourceExhausted, "full: %w", io.ErrShortBuffer)
	retry := durationpb.New(time.Second)
	one := bare.WithDetails(retry, nil)
	two := one.WithDetails(wrapperspb.String("a"))
	three := one.WithDetails(wrapperspb.String("b"))
	if len(bare.Details()) != 0 || len(one.Details()) != 1 || len(two.Details()) != 2 || len(three.Details()) != 2 {
		t.Fatalf("details: %d, %d, %d, %d; want 0, 1, 2, 2", len(bare.Details()), len(one.Details()), len(two.Details()), len(three.Details()))
	}
	retry.Seconds = 9
	got, err := one.Details()[0].UnmarshalNew()
	if err != nil || !proto.Equal(got, durationpb.New(time.Second)) {
		t.Errorf("the detail is %v, %v; want 1s", got, err)
	}
	last, err := two.Details()[1].UnmarshalNew()
	if err != nil || !proto.Equal(last, wrapperspb.String("a")) {
		t.Errorf("two copies share their details: %v, %v", last, err)
	}
	if !errors.Is(one, io.ErrShortBuffer) || one.Message() != bare.Message() || one.Code() != bare.Code() {
		t.Errorf("a copy lost more than it gained: %v", one)
	}
}

// A detail that cannot be encoded must not take the error with it.
func TestADetailThatCannotBeEncodedIsLeftOut(t *testing.T) {
	err := grain.Errorf(grain.CodeInternal, "x").WithDetails(wrapperspb.String("\xff"), wrapperspb.String("fine"))
	if len(err.Details()) != 1 {
		t.Errorf("%d details, want 1", len(err.Details()))
	}
}

func TestAFaultIsTheErrorsContent(t *testing.T) {
	want := seam.Fault{Code: int(grain.CodeUnavailable), Message: "draining", NotExecuted: true}
	err := grain.MakeError(want)
	if !err.NotExecuted() || err.Code() != grain.CodeUnavailable || err.Error() != "UNAVAILABLE: draining" {
		t.Errorf("the fault %+v became %v", want, err)
	}
	if got := grain.FaultOf(err); got.Message != want.Message || !got.NotExecuted || got.Code != want.Code {
		t.Errorf("the fault %+v came back as %+v", want, got)
	}
}
