package silotest

import (
	"time"

	"github.com/teff-dev/teff/silo"
)

// Add starts one more silo and returns its number when it is a member. Edits change its
// configuration after those of [Config]. The test fails if it does not start; where that
// is what the test is about, see [Cluster.TryAdd].
func (c *Cluster) Add(edits ...func(*silo.Config)) int {
	c.t.Helper()
	i, err := c.TryAdd(edits...)
	if err != nil {
		c.t.Fatalf("silotest: %v", err)
	}
	return i
}

// TryAdd is Add, and returns why the silo did not start. Its number is used up.
func (c *Cluster) TryAdd(edits ...func(*silo.Config)) (int, error) {
	h := c.newHost(edits)
	err := h.start()
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := range c.hosts {
		if c.hosts[i] == h {
			return i, err
		}
	}
	return -1, err
}

// Stop stops a silo in order, as SIGTERM does: what it hosts is handed over, and calls
// that it has are answered.
func (c *Cluster) Stop(i int) {
	c.t.Helper()
	h := c.host(i)
	if err := h.stop(c.t.Context()); err != nil {
		c.t.Errorf("silotest: %s: %v", h.cfg.Name, err)
	}
}

// Kill ends a silo without a word, as kill -9 does: its connections break, and nothing
// that it has begun commits, answers or calls any more. Others take over when they have
// missed it for long enough. Its goroutines cannot be ended like a process's: a method that
// is running finds its context cancelled, and no hook runs.
func (c *Cluster) Kill(i int) {
	c.t.Helper()
	c.host(i).kill()
}

// Pause holds a silo, as SIGSTOP does, until [Cluster.Resume]: nothing goes over its
// connections, which stay open, and no turn of its grains begins, commits, calls or
// answers, for it reads its clock first, and that waits. It goes on at the time that it is
// by then. Unlike a stopped process, a method that is running goes on until it does one of
// these; and calls made by this very silo wait whatever their context says.
func (c *Cluster) Pause(i int) {
	c.t.Helper()
	h := c.host(i)
	if h.become(paused) == down {
		h.become(down)
		c.t.Fatalf("silotest: silo %d does not run", i)
	}
	h.link.hold()
	h.clock.hold()
}

// Resume lets a paused silo go on.
func (c *Cluster) Resume(i int) {
	c.t.Helper()
	h := c.host(i)
	h.clock.release()
	h.link.release()
	if h.become(up) == down {
		h.become(down)
	}
}

// Partition cuts a silo off from NATS, and so from everybody, until [Cluster.Heal]. Its
// connections break, and new ones are refused; it notices at once, as of a network that
// says so.
func (c *Cluster) Partition(i int) {
	c.t.Helper()
	h := c.host(i)
	if h.become(cut) == down {
		h.become(down)
		c.t.Fatalf("silotest: silo %d does not run", i)
	}
	h.link.sever()
}

// Heal gives a silo its way to NATS back. It reconnects within a fraction of a second; if
// it was taken for dead meanwhile, it goes on as a new incarnation.
func (c *Cluster) Heal(i int) {
	c.t.Helper()
	h := c.host(i)
	h.link.mend()
	if h.become(up) == down {
		h.become(down)
	}
}

// SetWallClock makes a silo's wall clock wrong by that much. Nothing should come of it.
func (c *Cluster) SetWallClock(i int, wrong time.Duration) {
	c.t.Helper()
	c.host(i).clock.skew.Store(int64(wrong))
}
