package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/types/known/anypb"

	"github.com/teff-dev/teff/codegen"
	"github.com/teff-dev/teff/grain"
	"github.com/teff-dev/teff/internal/wire"
)

// A failure is how a command ends when it does not end well.
type failure struct {
	exit  int
	err   *grain.Error
	hints []string
	types resolver // of the details
}

func (f *failure) Error() string { return f.err.Error() }

func (f *failure) Unwrap() error { return f.err }

// hint adds what to do next.
func (f *failure) hint(format string, args ...any) *failure {
	f.hints = append(f.hints, fmt.Sprintf(format, args...))
	return f
}

// usage is a mistake of whoever typed the command; nothing was sent.
func usage(format string, args ...any) *failure {
	return &failure{exit: exitUsage, err: unexecuted(grain.CodeInvalidArgument, format, args...)}
}

// unreachable is a way to the silos that is not there; nothing was executed.
func unreachable(format string, args ...any) *failure {
	return &failure{exit: exitUnreachable, err: unexecuted(grain.CodeUnavailable, format, args...)}
}

// unexecuted makes an error that promises that no method began.
func unexecuted(code grain.Code, format string, args ...any) *grain.Error {
	f := grain.FaultOf(grain.Errorf(code, format, args...))
	f.NotExecuted = true
	return grain.MakeError(f)
}

// report writes how a command ended, and returns its exit code.
func report(io streams, asJSON bool, err error) int {
	if err == nil {
		return exitOK
	}
	var f *failure
	var problems codegen.Problems
	switch {
	case errors.As(err, &f):
	case errors.As(err, &problems) && !asJSON:
		// Each is FILE:LINE:COLUMN: TEXT, which editors find at the start of a line only.
		fmt.Fprintln(io.err, problems)
		io.note("%s; nothing was written", count(len(problems), "problem"))
		return exitCoded
	default:
		f = &failure{exit: exitCoded, err: grain.Errorf(grain.CodeOf(err), "%w", err)}
	}
	if asJSON {
		f.writeJSON(io.err)
	} else {
		f.writeText(io)
	}
	return f.exit
}

func (f *failure) writeText(io streams) {
	text := f.err.Message()
	if f.exit == exitCoded && f.err.Code() != grain.CodeUnknown || f.exit == exitUnknown {
		text = f.err.Error()
	}
	io.note("%s", strings.ReplaceAll(text, "\n", "\nteff: "))
	for _, d := range f.err.Details() {
		io.note("detail: %s", f.detail(d))
	}
	for _, h := range f.hints {
		io.note("hint: %s", h)
	}
}

// failureJSON is an error on stderr with -o json.
type failureJSON struct {
	Code        string            `json:"code"`
	Message     string            `json:"message"`
	Details     []json.RawMessage `json:"details"`
	NotExecuted bool              `json:"notExecuted"`
	Hints       []string          `json:"hints,omitempty"`
}

func (f *failure) writeJSON(w io.Writer) {
	e := failureJSON{
		Code:        f.err.Code().String(),
		Message:     f.err.Message(),
		Details:     []json.RawMessage{},
		NotExecuted: f.err.NotExecuted(),
		Hints:       f.hints,
	}
	for _, d := range f.err.Details() {
		e.Details = append(e.Details, f.detail(d))
	}
	_ = writeLine(w, e) // when stderr is gone there is nobody left to tell
}

// detail writes a detail in JSON. One whose type nobody here knows stays packed.
func (f *failure) detail(d *anypb.Any) json.RawMessage {
	if text, err := (protojson.MarshalOptions{Resolver: f.types}).Marshal(d); err == nil {
		return compact(text)
	}
	if text, err := wire.Append(wire.CodecJSON, nil, d); err == nil {
		return text
	}
	text, err := json.Marshal(map[string]any{"@type": d.GetTypeUrl(), "value": d.GetValue()})
	if err != nil {
		return json.RawMessage("{}")
	}
	return text
}

// count writes a number and its noun.
func count[N int | int64](n N, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
