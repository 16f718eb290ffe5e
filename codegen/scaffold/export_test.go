package scaffold

import (
	"context"
	"time"
)

// TidyWithin is Tidy with a patience that a test has.
func (p Project) TidyWithin(ctx context.Context, patience time.Duration) error {
	return p.tidy(ctx, patience)
}

// OfGo is ofGo.
func OfGo() []string { return ofGo() }
