package storetest

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"

	"pgregory.net/rapid"
)

// holdsFor has rapid try a property, and returns what rapid found as an error.
func holdsFor(name string, property func(*rapid.T)) error {
	r := &recorder{name: name}
	var wg sync.WaitGroup
	// On a goroutine of its own, because a failing property ends its goroutine.
	wg.Go(func() { rapid.Check(r, property) })
	wg.Wait()
	return r.err()
}

// A recorder is the testing.T that rapid sees: it keeps what would be printed.
type recorder struct {
	name   string
	failed bool
	lines  []string
}

var _ rapid.TB = (*recorder)(nil)

func (r *recorder) err() error {
	if !r.failed {
		return nil
	}
	return errors.New(strings.Join(r.lines, "\n"))
}

func (r *recorder) Helper()      {}
func (r *recorder) Name() string { return r.name }
func (r *recorder) Failed() bool { return r.failed }
func (r *recorder) Fail()        { r.failed = true }

func (r *recorder) Log(args ...any) {
	r.lines = append(r.lines, strings.TrimRight(fmt.Sprintln(args...), "\n"))
}

func (r *recorder) Logf(format string, args ...any) {
	r.lines = append(r.lines, fmt.Sprintf(format, args...))
}

func (r *recorder) Error(args ...any) {
	r.Log(args...)
	r.Fail()
}

func (r *recorder) Errorf(format string, args ...any) {
	r.Logf(format, args...)
	r.Fail()
}

func (r *recorder) Fatal(args ...any) {
	r.Log(args...)
	r.FailNow()
}

func (r *recorder) Fatalf(format string, args ...any) {
	r.Logf(format, args...)
	r.FailNow()
}

// FailNow and SkipNow end the goroutine as the real ones do.
func (r *recorder) FailNow() {
	r.Fail()
	runtime.Goexit()
}

func (r *recorder) SkipNow()                         { runtime.Goexit() }
func (r *recorder) Skip(args ...any)                 { r.Log(args...); r.SkipNow() }
func (r *recorder) Skipf(format string, args ...any) { r.Logf(format, args...); r.SkipNow() }
