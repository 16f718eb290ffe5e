package route

import (
	"sync"
	"time"

	"github.com/teff-dev/teff/internal/core/membership"
)

// leaverGrace is how long the last answers of a silo that left in order may be on their
// way.
const leaverGrace = 2 * time.Second

// peers are the silos that calls were sent to. Each has a channel, which is closed when
// no answer of its can be expected any more.
type peers struct {
	mu   sync.Mutex
	gone map[string]chan struct{}
}

// of returns the channel of a member of the newest view.
func (p *peers) of(incarnation string) <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	gone := p.gone[incarnation]
	if gone == nil {
		if p.gone == nil {
			p.gone = make(map[string]chan struct{})
		}
		gone = make(chan struct{})
		p.gone[incarnation] = gone
	}
	return gone
}

// outlive ends the calls to those who are not in the view any more: at once where they
// were declared dead, and after a grace period where they left in order.
func (p *peers) outlive(old, now *membership.View) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for incarnation, gone := range p.gone {
		if _, stays := now.Member(incarnation); stays {
			continue
		}
		delete(p.gone, incarnation)
		if m, known := old.Member(incarnation); known && m.State == membership.Leaving {
			time.AfterFunc(leaverGrace, func() { close(gone) })
			continue
		}
		close(gone)
	}
}
