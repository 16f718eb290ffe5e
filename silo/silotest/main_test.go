package silotest_test

import (
	"context"
	"fmt"
	"os"
	"slices"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A stage is a test's T where there is none, such as in an example, or where a test is to
// fail.
type stage struct {
	testing.TB // what is missing panics

	failed  string
	cleanup []func()
}

func newStage() *stage { return new(stage) }

func (s *stage) Helper()                  {}
func (s *stage) Context() context.Context { return context.Background() }
func (s *stage) Cleanup(f func())         { s.cleanup = append(s.cleanup, f) }
func (s *stage) Failed() bool             { return s.failed != "" }
func (s *stage) Errorf(format string, args ...any) {
	s.failed += fmt.Sprintf(format, args...)
}

// fatal ends what runs in within.
type fatal struct{}

func (s *stage) FailNow() { panic(fatal{}) }

func (s *stage) Fatalf(format string, args ...any) {
	s.Errorf(format, args...)
	s.FailNow()
}

func (s *stage) TempDir() string {
	dir, err := os.MkdirTemp("", "silotest")
	if err != nil {
		s.Fatalf("%v", err)
	}
	s.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// end does what the end of a test does.
func (s *stage) end() {
	for _, f := range slices.Backward(s.cleanup) {
		f()
	}
}

// within runs f up to its end, or to where the test ends.
func (s *stage) within(f func()) {
	defer func() {
		if r := recover(); r != nil && r != any(fatal{}) {
			panic(r)
		}
	}()
	f()
}
