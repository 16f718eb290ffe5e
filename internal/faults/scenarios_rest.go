//go:build linux

package faults

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// cutOff cuts a silo off from NATS in its network namespace, while callers within it go on
// calling what it owns: it must stop by itself before others take over. The second time
// nobody writes: a grain that waits for its commit answers nobody, and what is wanted is
// grains that go on until the lease's last moment.
func cutOff(name string, how cut, in set) *scenario {
	const rounds = 2
	return &scenario{
		name: name, about: "a silo is cut off from NATS",
		in: in, silos: 3, load: usual(), local: 4, network: true,
		inject: func(ctx context.Context, w *world) error {
			for i := range rounds {
				victim := siloName(i)
				w.crowd.quiet.Store(i > 0)
				if err := wait(ctx, time.Second); err != nil {
					return err
				}
				w.fault()
				if err := w.net.cut(victim, how); err != nil {
					return err
				}
				if err := wait(ctx, 8*time.Second); err != nil {
					return err
				}
				if err := w.net.heal(victim, how); err != nil {
					return err
				}
				w.crowd.quiet.Store(false)
				if err := wait(ctx, 4*time.Second); err != nil {
					return err
				}
			}
			return nil
		},
		missing: func(_ *world, r *report) string { return fewer("silos were declared dead", r.deaths, rounds) },
	}
}

// lateAnswers has everything reach a silo late before it is cut off: its last heartbeat
// counts from when it was sent, and not from when its answer came. Nobody writes meanwhile:
// a commit that is not answered in time would end its activation, and what is wanted is
// grains that go on answering.
func lateAnswers() *scenario {
	const beat = 4 * time.Second // an answer may take one and a half, and takes a little less here
	l := usual()
	l.patience, l.perCounter, l.payers = 10*beat, 0, 0
	return &scenario{
		name: "late-answers", about: "NATS's answers reach a silo late, and then no more",
		in: setAll, silos: 3, load: l, local: 4, network: true, heartbeat: beat,
		inject: func(ctx context.Context, w *world) error {
			victim := siloName(0)
			w.crowd.quiet.Store(true)
			if err := wait(ctx, time.Second); err != nil {
				return err
			}
			if err := w.silo(victim).tell("late " + (beat * 14 / 10).String()); err != nil {
				return err
			}
			if err := wait(ctx, 4*beat); err != nil {
				return err
			}
			w.fault()
			if err := w.net.cut(victim, cutBoth); err != nil {
				return err
			}
			if err := wait(ctx, 9*beat); err != nil {
				return err
			}
			if err := w.silo(victim).tell("late 0s"); err != nil {
				return err
			}
			if err := w.net.heal(victim, cutBoth); err != nil {
				return err
			}
			w.crowd.quiet.Store(false)
			return wait(ctx, 8*time.Second)
		},
		missing: func(_ *world, r *report) string { return fewer("silos were declared dead", r.deaths, 1) },
	}
}

// wallClock sets the wall clocks of silos, forward and back: nothing happens.
func wallClock() *scenario {
	return &scenario{
		name: "wall-clock", about: "wall clocks of silos are set by an hour, either way",
		in: setCI, silos: 3, load: usual(), faultless: true,
		inject: func(ctx context.Context, w *world) error {
			for _, to := range []string{"1h", "-1h", "0s"} {
				for i, at := range []string{to, "0s", "-" + to} {
					if to == "-1h" && i == 2 {
						at = "1h"
					}
					if to == "0s" {
						at = to
					}
					if err := w.silo(siloName(i)).tell("wall " + at); err != nil {
						return err
					}
				}
				w.fault()
				if err := wait(ctx, 2500*time.Millisecond); err != nil {
					return err
				}
			}
			return nil
		},
		// A silo whose clock nobody has read while it was set refuses to have it set back.
		missing: func(*world, *report) string { return "" },
		check: func(_ *world, r *report) []string {
			if r.deaths > 0 || r.activations > r.payments() {
				return []string{fmt.Sprintf("%d silos were declared dead", r.deaths)}
			}
			return nil
		},
	}
}

// slowStore has the store answer two seconds later.
func slowStore() *scenario {
	l := usual()
	l.patience = 12 * time.Second
	return &scenario{
		name: "slow-store", about: "everything reaches the store 2 s later, and a silo is killed meanwhile",
		in: setAll, silos: 3, load: l,
		inject: func(ctx context.Context, w *world) error {
			w.fault()
			if err := w.tellAll("slow 2s"); err != nil {
				return err
			}
			if err := wait(ctx, 4*time.Second); err != nil {
				return err
			}
			if err := w.silo(siloName(2)).kill(); err != nil {
				return err
			}
			if err := w.restart(ctx, siloName(2)); err != nil {
				return err
			}
			if err := wait(ctx, 8*time.Second); err != nil {
				return err
			}
			return w.tellAll("slow 0s")
		},
		missing: func(_ *world, r *report) string { return r.outageMissing(1500 * time.Millisecond) },
	}
}

// downStore has the store refuse everything for a while.
func downStore() *scenario {
	return &scenario{
		name: "down-store", about: "the store is down for 5 s",
		in: setAll, silos: 3, load: usual(),
		inject: func(ctx context.Context, w *world) error {
			w.fault()
			if err := w.tellAll("down true"); err != nil {
				return err
			}
			if err := wait(ctx, 5*time.Second); err != nil {
				return err
			}
			if err := w.tellAll("down false"); err != nil {
				return err
			}
			return wait(ctx, 2*time.Second)
		},
		missing: func(_ *world, r *report) string { return fewer("calls were UNAVAILABLE", r.codes["UNAVAILABLE"], 20) },
		check: func(_ *world, r *report) []string {
			if r.deaths > 0 {
				return []string{fmt.Sprintf("%d silos were declared dead for their store", r.deaths)}
			}
			return nil
		},
	}
}

// fullDisk fills the disk under NATS, which is small, and makes room again.
func fullDisk() *scenario {
	return &scenario{
		name: "full-disk", about: "the disk of NATS is full for 5 s, and NATS is started anew",
		in: setAll, silos: 3, load: usual(), disk: 256 << 20,
		inject: func(ctx context.Context, w *world) error {
			filler := filepath.Join(w.nats.spec.Store, "filler")
			w.fault()
			if err := fill(filler); err != nil {
				return err
			}
			if err := wait(ctx, 5*time.Second); err != nil {
				return err
			}
			if err := os.Remove(filler); err != nil {
				return err
			}
			if err := wait(ctx, 2*time.Second); err != nil {
				return err
			}
			if err := w.natsOut(ctx, 0); err != nil {
				return err
			}
			return wait(ctx, 8*time.Second)
		},
		missing: func(_ *world, r *report) string { return r.outageMissing(3 * time.Second) },
	}
}

// fill writes until nothing more fits.
func fill(path string) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // there is nothing of worth in it
	block := make([]byte, 64<<10)
	for {
		if _, err := f.Write(block); err != nil {
			return nil //nolint:nilerr // that it fails is what it is for
		}
	}
}

// mountDisk makes a small disk of memory.
func mountDisk(dir string, size int64) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%d", size)); err != nil {
		return fmt.Errorf("mount a disk of memory on %s: %w", dir, err)
	}
	return nil
}

func (w *world) tellAll(command string) error {
	for i := range w.sc.silos {
		if err := w.silo(siloName(i)).tell(command); err != nil {
			return err
		}
	}
	return nil
}
