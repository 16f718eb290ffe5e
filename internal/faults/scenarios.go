//go:build linux

package faults

import (
	"context"
	"fmt"
	"time"
)

// scenarios are all of them, in the order in which they run.
func scenarios() []*scenario {
	return []*scenario{
		killSilos(),
		pauseSilo("pause-silo", 6*time.Second, setTest),
		pauseSilo("pause-silo-briefly", 2*time.Second, setAll),
		pauseSilo("pause-silo-long", 20*time.Second, setAll),
		neighbours(),
		rollingRestart(),
		storm(),
		killNATS(),
		natsOutage(),
		pauseNATS(),
		killAll(),
		killMesh(),
		loseNATS(),
		cutOff("cut", cutBoth, setCI),
		cutOff("cut-from-silo", cutOut, setAll),
		cutOff("cut-to-silo", cutIn, setAll),
		lateAnswers(),
		wallClock(),
		slowStore(),
		downStore(),
		fullDisk(),
	}
}

// killSilos kills a silo every few seconds, without a word, and starts it anew.
func killSilos() *scenario {
	const kills = 2
	return &scenario{
		name: "kill-silo", about: "kill -9 of a silo every few seconds, which is started anew",
		in: setTest, silos: 3, load: usual(),
		inject: func(ctx context.Context, w *world) error {
			for i := range kills {
				name := siloName(i % w.sc.silos)
				w.fault()
				if err := w.silos[name].kill(); err != nil {
					return err
				}
				if err := w.restart(ctx, name); err != nil {
					return err
				}
				if err := wait(ctx, 5*time.Second); err != nil {
					return err
				}
			}
			return nil
		},
		missing: func(_ *world, r *report) string { return fewer("silos were declared dead", r.deaths, kills) },
		check: func(_ *world, r *report) []string {
			r.figure("failover after kill -9 of a silo", "p50 %s, p99 %s of the keys that it had", ms(percentile(r.cutOff(), 50)), ms(percentile(r.cutOff(), 99)))
			return nil
		},
	}
}

// rollingRestart stops each silo in order and starts it anew, while callers call who do
// not put up with any error.
func rollingRestart() *scenario {
	l := usual()
	l.perRegister, l.perCounter, l.payers, l.runners, l.hold = 1, 1, 8, 24, 100*time.Millisecond // 64 callers
	return &scenario{
		name: "rolling-restart", about: "SIGTERM and a new start of each silo, under 64 callers",
		in: setTest, silos: 3, load: l, faultless: true,
		inject: func(ctx context.Context, w *world) error {
			for i := range w.sc.silos {
				w.fault()
				if err := w.leaveAndJoin(ctx, siloName(i)); err != nil {
					return err
				}
				if err := wait(ctx, time.Second/2); err != nil {
					return err
				}
			}
			return nil
		},
		missing: func(w *world, r *report) string {
			if r.deaths > 0 {
				return fmt.Sprintf("%d silos were declared dead, and none was to be", r.deaths)
			}
			return fewer("shards moved", r.moves, 1000)
		},
	}
}

// storm has silos come and go all the time.
func storm() *scenario {
	const waves = 4
	l := usual()
	l.runners = 16
	return &scenario{
		name: "storm", about: "silos join and leave all the time, several at once",
		in: setCI, silos: 5, load: l, faultless: true,
		inject: func(ctx context.Context, w *world) error {
			for wave := range waves {
				w.fault()
				var all []func() error
				for i := range 2 {
					name := siloName((wave + 2*i) % w.sc.silos)
					all = append(all, func() error { return w.leaveAndJoin(ctx, name) })
				}
				if err := together(all); err != nil {
					return err
				}
			}
			return nil
		},
		missing: func(_ *world, r *report) string { return fewer("silos joined", r.joins, 2*waves) },
	}
}

// leaveAndJoin stops a silo as its operator would, and starts it anew.
func (w *world) leaveAndJoin(ctx context.Context, name string) error {
	if err := w.silo(name).terminate(); err != nil {
		return fmt.Errorf("%s, at SIGTERM: %w", name, err)
	}
	return w.restart(ctx, name)
}

// fewer is the complaint that something did not happen often enough.
func fewer(what string, n, least int) string {
	if n >= least {
		return ""
	}
	return fmt.Sprintf("%d %s, and %d were to be", n, what, least)
}
