package app

import (
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
)

// A Progress shows how far a long piece of work is: as a bar where stderr is a terminal,
// as a line at the start and one at the end elsewhere. It is safe for concurrent use.
type Progress struct {
	c     *Command
	what  string
	bar   *progressbar.ProgressBar // nil: no terminal
	since time.Time
}

// barLook is how often the bar is drawn, at most.
const barLook = 100 * time.Millisecond

// Progress begins a piece of work that has total steps. What says what is done in them,
// such as "counting words".
func (c *Command) Progress(what string, total int) *Progress {
	p := &Progress{c: c, what: what, since: time.Now()}
	if !isTerminal(c.Stderr) {
		c.Logf("%s: %d to do", what, total)
		return p
	}
	p.bar = progressbar.NewOptions(total,
		progressbar.OptionSetWriter(c.Stderr),
		progressbar.OptionSetDescription(what),
		progressbar.OptionShowCount(),
		progressbar.OptionShowIts(),
		progressbar.OptionThrottle(barLook),
	)
	return p
}

// Step notes that a step is done.
func (p *Progress) Step() {
	if p.bar != nil {
		_ = p.bar.Add(1) // a bar that cannot be drawn is no reason to stop
	}
}

// End ends the display. The work need not be done.
func (p *Progress) End() {
	if p.bar != nil {
		_ = p.bar.Exit()
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
