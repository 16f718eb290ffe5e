//go:build linux

package faults

import (
	"context"
	"fmt"
	"os"
	"syscall"
	"time"

	"github.com/teff-dev/teff/internal/rig"
)

// killNATS kills the only NATS server, and starts it anew at once.
func killNATS() *scenario {
	const kills = 2
	l := usual()
	l.patience = time.Second // what had been asked when it died is answered by nobody
	return &scenario{
		name: "kill-nats", about: "kill -9 of the only NATS server, which is started anew at once",
		in: setCI, silos: 3, load: l,
		inject: func(ctx context.Context, w *world) error {
			for range kills {
				w.fault()
				if err := w.natsOut(ctx, 0); err != nil {
					return err
				}
				if err := wait(ctx, 5*time.Second); err != nil {
					return err
				}
			}
			return nil
		},
		missing: func(_ *world, r *report) string { return r.outageMissing(100 * time.Millisecond) },
		check: func(_ *world, r *report) []string {
			p99 := percentile(r.outages, 99)
			r.figure("kill -9 of the only NATS server: outage of a key", "p50 %s, p99 %s, max %s", ms(percentile(r.outages, 50)), ms(p99), ms(percentile(r.outages, 100)))
			if p99 > 5*time.Second {
				return []string{fmt.Sprintf("keys were out of service for %s (p99) when NATS was killed, and 5 s are allowed", ms(p99))}
			}
			return nil
		},
	}
}

// natsOut kills the NATS server and starts it again after a while.
func (w *world) natsOut(ctx context.Context, long time.Duration) error {
	if err := w.nats.kill(); err != nil {
		return err
	}
	if err := wait(ctx, long); err != nil {
		return err
	}
	return w.startNATS(ctx)
}

// natsOutage has no NATS for longer than any lease. Nobody may be declared dead by it,
// and what is in memory stays there. No commits are under way when it begins: the state is
// in NATS too, and a grain whose commit's outcome is not known is read anew.
func natsOutage() *scenario {
	l := usual()
	l.perCounter, l.payers = 0, 0
	return &scenario{
		name: "nats-outage", about: "no NATS for 10 s",
		in: setCI, silos: 3, load: l,
		inject: func(ctx context.Context, w *world) error {
			w.crowd.quiet.Store(true)
			if err := wait(ctx, time.Second); err != nil {
				return err
			}
			w.fault()
			if err := w.natsOut(ctx, 10*time.Second); err != nil {
				return err
			}
			if err := wait(ctx, 2*time.Second); err != nil {
				return err
			}
			w.crowd.quiet.Store(false)
			return wait(ctx, 3*time.Second)
		},
		missing: func(_ *world, r *report) string { return r.outageMissing(9 * time.Second) },
		check: func(_ *world, r *report) []string {
			before := countPasses(r.trace, func(p pass) bool { return p.Gate == rig.Loaded && p.at <= r.first })
			r.figure("a NATS outage of 10 s", "%d activations were there before, and %d were made since; %d silos were declared dead", before, r.activations, r.deaths)
			if r.activations > 0 || r.deaths > 0 {
				return []string{fmt.Sprintf("an outage of NATS made %d activations anew, and had %d silos declared dead", r.activations, r.deaths)}
			}
			return nil
		},
	}
}

// pauseNATS stops the NATS server's process for less, and for more, than a lease.
func pauseNATS() *scenario {
	return &scenario{
		name: "pause-nats", about: "SIGSTOP of NATS for 2 s and 6 s",
		in: setAll, silos: 3, load: usual(), local: 2,
		inject: func(ctx context.Context, w *world) error {
			for _, long := range []time.Duration{2 * time.Second, 6 * time.Second} {
				w.fault()
				if err := w.nats.signal(syscall.SIGSTOP); err != nil {
					return err
				}
				if err := wait(ctx, long); err != nil {
					return err
				}
				if err := w.nats.signal(syscall.SIGCONT); err != nil {
					return err
				}
				if err := wait(ctx, 5*time.Second); err != nil {
					return err
				}
			}
			return nil
		},
		missing: func(_ *world, r *report) string { return r.outageMissing(5 * time.Second) },
	}
}

// killAll kills every process at one moment: what was acknowledged is on the disk.
func killAll() *scenario {
	return &scenario{
		name: "kill-all", about: "kill -9 of all silos and of NATS at once",
		in: setCI, silos: 3, load: usual(),
		inject: func(ctx context.Context, w *world) error {
			w.fault()
			dying := []func() error{w.nats.kill}
			for i := range w.sc.silos {
				dying = append(dying, w.silo(siloName(i)).kill)
			}
			if err := together(dying); err != nil {
				return err
			}
			if err := w.startNATS(ctx); err != nil {
				return err
			}
			var starting []func() error
			for i := range w.sc.silos {
				starting = append(starting, func() error { return w.restart(ctx, siloName(i)) })
			}
			if err := together(starting); err != nil {
				return err
			}
			return wait(ctx, 6*time.Second)
		},
		missing: func(w *world, r *report) string { return fewer("silos were declared dead", r.deaths, w.sc.silos) },
	}
}

// loseNATS loses NATS's directory: the cluster's bucket, and the state as well, since that
// is kept there too. Nothing of the state can be there afterwards. What the silos must do
// nonetheless: not to act two at a time, not to answer with anything older than what they
// had acknowledged, and to serve again when they, and the clients, are started anew.
func loseNATS() *scenario {
	l := usual()
	l.perCounter, l.payers = 0, 0
	return &scenario{
		name: "lose-nats", about: "NATS's directory is lost, with the bucket and the state; silos are started anew later",
		in: setAll, silos: 3, load: l, local: 2, reborn: true,
		inject: func(ctx context.Context, w *world) error {
			w.fault()
			if err := w.nats.kill(); err != nil {
				return err
			}
			if err := os.RemoveAll(w.nats.spec.Store); err != nil {
				return err
			}
			if err := w.startNATS(ctx); err != nil {
				return err
			}
			if err := wait(ctx, 10*time.Second); err != nil {
				return err
			}
			var all []func() error
			for i := range w.sc.silos {
				all = append(all, w.silo(siloName(i)).kill)
			}
			if err := together(all); err != nil {
				return err
			}
			w.lost = boottime()
			all = nil
			for i := range w.sc.silos {
				all = append(all, func() error { return w.restart(ctx, siloName(i)) })
			}
			if err := together(all); err != nil {
				return err
			}
			// With the state the generations are lost, and views begin anew: whoever knows an
			// old one, of a higher epoch, takes it for the newer.
			if err := w.connect(ctx); err != nil {
				return err
			}
			return wait(ctx, 6*time.Second)
		},
		missing: func(_ *world, r *report) string { return r.outageMissing(2 * time.Second) },
	}
}

func (r *report) outageMissing(least time.Duration) string {
	if longest := percentile(r.outages, 100); longest < least {
		return fmt.Sprintf("no key was out of service for longer than %s, and %s were to be", ms(longest), least)
	}
	return ""
}
