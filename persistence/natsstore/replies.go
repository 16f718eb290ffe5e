package natsstore

import (
	"context"
	"strconv"
	"strings"
	"sync"

	"github.com/nats-io/nats.go"
)

// replies receives answers that are several messages, on one subscription.
type replies struct {
	nc     *nats.Conn
	sub    *nats.Subscription
	prefix string

	mu      sync.Mutex
	last    uint64
	waiting map[uint64]*answer
}

// An answer collects messages until one with a status, which is its end.
type answer struct {
	messages []*nats.Msg
	end      *nats.Msg
	done     chan struct{}
}

func newReplies(nc *nats.Conn) (*replies, error) {
	r := &replies{nc: nc, prefix: nc.NewInbox() + ".", waiting: make(map[uint64]*answer)}
	sub, err := nc.Subscribe(r.prefix+"*", r.deliver)
	if err != nil {
		return nil, err
	}
	r.sub = sub
	// A reader drains at once what it asked for, so what is pending has a bound.
	if err := sub.SetPendingLimits(-1, -1); err != nil {
		return nil, err
	}
	return r, nil
}

func (r *replies) close() error {
	if r.nc.IsClosed() {
		return nil
	}
	return r.sub.Unsubscribe()
}

// request asks, and waits for the whole answer.
func (r *replies) request(ctx context.Context, subject string, payload []byte) (*answer, error) {
	a := &answer{done: make(chan struct{})}
	r.mu.Lock()
	r.last++
	slot := r.last
	r.waiting[slot] = a
	r.mu.Unlock()
	defer func() {
		r.mu.Lock()
		delete(r.waiting, slot)
		r.mu.Unlock()
	}()
	if err := r.nc.PublishRequest(subject, r.prefix+strconv.FormatUint(slot, 36), payload); err != nil {
		return nil, err
	}
	select {
	case <-a.done:
		return a, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (r *replies) deliver(msg *nats.Msg) {
	slot, err := strconv.ParseUint(strings.TrimPrefix(msg.Subject, r.prefix), 36, 64)
	if err != nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	a := r.waiting[slot]
	if a == nil {
		return
	}
	if msg.Header.Get("Status") == "" {
		a.messages = append(a.messages, msg)
		return
	}
	a.end = msg
	delete(r.waiting, slot)
	close(a.done)
}
