package app

import (
	"context"
	"sync"
	"sync/atomic"
)

// Each calls f for 0 to n-1 from that many callers, in about that order, and shows the
// progress as what. The first error ends it, and is returned once all callers have ended.
func (c *Command) Each(ctx context.Context, what string, n, callers int, f func(ctx context.Context, i int) error) error {
	progress := c.Progress(what, n)
	defer progress.End()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(callers, n) {
		wg.Go(func() {
			for ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				if err := f(ctx, i); err != nil {
					cancel(err)
					return
				}
				progress.Step()
			}
		})
	}
	wg.Wait()
	return context.Cause(ctx)
}
