package bus

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
)

// ErrNoResponders says that nobody listens on the subject, so nobody got the request.
var ErrNoResponders = errors.New("nobody listens on the subject")

// A Mux sends requests and hands each reply to the one who waits for it, over one
// subscription for life. A reply's place is in its subject, so that a late one finds
// nobody and is ignored.
type Mux struct {
	nc     *nats.Conn
	prefix string // of reply subjects, with the final dot
	sub    *nats.Subscription

	mu      sync.Mutex
	last    uint64
	waiting map[uint64]*waiter // nil: closed
}

// waiter is where one reply arrives. It is pooled: it is given back by whoever took it
// out of the map, when its channel is empty.
type waiter struct {
	reply chan *nats.Msg // of one
	timer *time.Timer
}

var waiters = sync.Pool{New: func() any { //nolint:gochecknoglobals // a pool is shared or it is none
	t := time.NewTimer(time.Hour)
	t.Stop()
	return &waiter{reply: make(chan *nats.Msg, 1), timer: t}
}}

// NewMux makes a multiplexer with an inbox of its own.
func NewMux(nc *nats.Conn) (*Mux, error) {
	m := &Mux{nc: nc, prefix: nc.NewInbox() + ".", waiting: make(map[uint64]*waiter)}
	sub, err := nc.Subscribe(m.prefix+"*", m.deliver)
	if err != nil {
		return nil, fmt.Errorf("subscribe to replies: %w", err)
	}
	m.sub = sub
	return m, nil
}

// ErrClosed says that the multiplexer was closed before the request was sent.
var ErrClosed = errors.New("closed")

// ErrGone says that whoever was asked is known not to answer any more.
var ErrGone = errors.New("whoever was asked is gone")

// ErrAbandoned says that the multiplexer was closed while the reply was awaited.
var ErrAbandoned = errors.New("closed while a reply was awaited")

// Close ends the subscription, and the requests under way with ErrAbandoned. Closing
// twice is safe.
func (m *Mux) Close() error {
	m.mu.Lock()
	waiting := m.waiting
	m.waiting = nil
	m.mu.Unlock()
	if waiting == nil {
		return nil
	}
	for _, w := range waiting {
		w.reply <- nil
	}
	return m.sub.Unsubscribe()
}

// Request sends msg, whose Reply it sets, and waits until the deadline or the context's
// end. It returns the context's error, context.DeadlineExceeded, ErrNoResponders,
// ErrClosed, ErrAbandoned, or why publishing failed.
func (m *Mux) Request(ctx context.Context, msg *nats.Msg, deadline time.Time) (*nats.Msg, error) {
	return m.RequestFrom(ctx, msg, deadline, nil)
}

// RequestFrom is Request to somebody who is known not to answer any more once gone is
// closed. Shortly afterwards it returns ErrGone.
func (m *Mux) RequestFrom(ctx context.Context, msg *nats.Msg, deadline time.Time, gone <-chan struct{}) (*nats.Msg, error) {
	w, _ := waiters.Get().(*waiter)
	m.mu.Lock()
	if m.waiting == nil {
		m.mu.Unlock()
		waiters.Put(w)
		return nil, ErrClosed
	}
	m.last++
	slot := m.last
	m.waiting[slot] = w
	m.mu.Unlock()

	buf := make([]byte, 0, 64)
	buf = append(buf, m.prefix...)
	msg.Reply = string(strconv.AppendUint(buf, slot, 36))
	if err := m.nc.PublishMsg(msg); err != nil {
		m.forget(slot, w)
		return nil, err
	}
	w.timer.Reset(time.Until(deadline))
	late := error(context.DeadlineExceeded)
	for {
		select {
		case reply := <-w.reply:
			w.timer.Stop()
			waiters.Put(w)
			if reply == nil {
				return nil, ErrAbandoned
			}
			return reply, noResponders(reply)
		case <-ctx.Done():
			m.forget(slot, w)
			return nil, ctx.Err()
		case <-gone:
			// What it said before it went may be on its way still, and so may be that it
			// never got the request: the NATS server tells that within a round trip.
			gone, late = nil, ErrGone
			if time.Until(deadline) > lastWord {
				w.timer.Reset(lastWord)
			}
		case <-w.timer.C:
			m.forget(slot, w)
			return nil, late
		}
	}
}

// lastWord is how long the answer of somebody who is gone is waited for.
const lastWord = 50 * time.Millisecond

// forget gives up waiting.
func (m *Mux) forget(slot uint64, w *waiter) {
	w.timer.Stop()
	m.mu.Lock()
	_, mine := m.waiting[slot]
	delete(m.waiting, slot)
	m.mu.Unlock()
	if !mine {
		<-w.reply // deliver took it out, and is about to fill it
	}
	waiters.Put(w)
}

func (m *Mux) deliver(msg *nats.Msg) {
	slot, err := strconv.ParseUint(msg.Subject[len(m.prefix):], 36, 64)
	if err != nil {
		return
	}
	m.mu.Lock()
	w := m.waiting[slot]
	delete(m.waiting, slot)
	m.mu.Unlock()
	if w != nil {
		w.reply <- msg
	}
}

func noResponders(reply *nats.Msg) error {
	if len(reply.Data) == 0 && len(reply.Header) > 0 && reply.Header.Get("Status") == "503" {
		return ErrNoResponders
	}
	return nil
}
