package faults

import (
	"context"
	"fmt"
	"time"
)

// scenarios are all of them, in the order in which they run.
func scenarios() []*scenario {
	return []*scenario{killSilos()}
}

// killSilos kills a silo every few seconds, without a word, and starts it anew.
func killSilos() *scenario {
	const kills = 3
	return &scenario{
		name: "kill-silo", about: "kill -9 of a silo every few seconds",
		in: setTest, silos: 3, load: usual(),
		inject: func(ctx context.Context, w *world) error {
			for i := range kills {
				name := siloName(i % 3)
				w.fault()
				if err := w.silos[name].kill(); err != nil {
					return err
				}
				if err := w.restart(ctx, name); err != nil {
					return err
				}
				if err := wait(ctx, 6*time.Second); err != nil {
					return err
				}
			}
			return nil
		},
		missing: func(_ *world, r *report) string {
			if r.deaths < kills {
				return fmt.Sprintf("%d silos were killed, and %d declared dead", kills, r.deaths)
			}
			return ""
		},
	}
}
