package graintest_test

import (
	"io"
	"testing"
)

// outputOf is a test whose log can be read.
type outputOf struct {
	testing.TB
	out io.Writer
}

func (o *outputOf) Output() io.Writer { return o.out }
