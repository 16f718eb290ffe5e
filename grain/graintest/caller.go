package graintest

import (
	"context"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/teff-dev/teff/grain"
	"github.com/teff-dev/teff/internal/seam"
)

// A Caller stands in for a client or a silo in the test of code that calls grains
// without being one. Each call is answered with what the test has canned for it; one
// that nothing is canned for fails, and fails the test. It is safe for concurrent use.
type Caller struct {
	*outgoing
}

var _ grain.Caller = (*Caller)(nil)

// NewCaller makes a caller that knows no replies yet.
func NewCaller(t testing.TB) *Caller { return &Caller{newOutgoing(t, "c")} }

// Invoke implements grain.Caller.
func (c *Caller) Invoke(ctx context.Context, m *seam.Method, key string, req proto.Message) (proto.Message, error) {
	return c.invoke(ctx, "the code under test", m, key, req)
}
