package app

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"
)

// A Progress shows how far a long piece of work is: as a bar where stderr is a terminal,
// as a line for each tenth of it elsewhere. It is safe for concurrent use.
type Progress struct {
	c     *Command
	what  string
	total int
	bar   *progressbar.ProgressBar // nil: no terminal
	since time.Time

	mu   sync.Mutex // where there is no bar
	done int
	told time.Time // when the last line was written
}

// lookEvery is how often the bar is drawn or a line written, at most.
const lookEvery = 100 * time.Millisecond

// Progress begins a piece of work that has total steps. What says what is done in them,
// such as "counting words".
func (c *Command) Progress(what string, total int) *Progress {
	now := time.Now()
	p := &Progress{c: c, what: what, total: total, since: now, told: now}
	if !isTerminal(c.Stderr) {
		c.Logf("%s: %d to do", what, total)
		return p
	}
	p.bar = progressbar.NewOptions(total,
		progressbar.OptionSetWriter(c.Stderr),
		progressbar.OptionSetDescription(what),
		progressbar.OptionShowCount(),
		progressbar.OptionShowIts(),
		progressbar.OptionThrottle(lookEvery),
	)
	return p
}

// Step notes that a step is done.
func (p *Progress) Step() {
	if p.bar != nil {
		_ = p.bar.Add(1) // a bar that cannot be drawn is no reason to stop
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done++
	if tenth := (p.total + 9) / 10; p.done%tenth != 0 || p.done >= p.total || time.Since(p.told) < lookEvery {
		return
	}
	p.told = time.Now()
	p.c.Logf("%s: %d of %d", p.what, p.done, p.total)
}

// End ends the display. The work need not be done.
func (p *Progress) End() {
	if p.bar != nil {
		_ = p.bar.Exit()
		fmt.Fprintln(p.c.Stderr) // the bar stays on its line
	}
	p.c.Logf("%s: %s", p.what, time.Since(p.since).Round(time.Millisecond))
}

// isTerminal says that w is a character device, as terminals are.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
