package silo

import (
	"context"
	"fmt"

	"github.com/nats-io/nats.go"

	"github.com/teff-dev/teff/internal/bus"
	"github.com/teff-dev/teff/internal/wire"
)

// listen subscribes to what any silo may answer.
//
// One subscription catches all calls at the door, whatever their type: a type that
// nobody hosts must be answered too, and a wildcard subscription elsewhere would hide it
// from NATS's own "no responders".
func (s *Silo) listen(context.Context) error {
	for subject, handler := range map[string]nats.MsgHandler{
		s.names.CallAll():     s.serveDoor,
		s.names.PartAll():     s.serveDoor,
		s.names.DescribeAll(): s.serveDescribe,
		s.names.View():        s.serveView,
	} {
		sub, err := s.subscribe(s.nc.QueueSubscribe(subject, wire.QueueGroup, handler))
		if err != nil {
			return fmt.Errorf("listen on %s: %w", subject, err)
		}
		s.subs = append(s.subs, sub)
	}
	if err := s.announce(); err != nil {
		return err
	}
	if err := s.nc.Flush(); err != nil {
		return err
	}
	return bus.Refused(s.nc, "Subscription") // or it would hear nothing, and seem to serve
}

// A silo sheds calls by its mailboxes, long before a subscription's buffer is full; what
// NATS would drop there would be dropped in silence.
const (
	pendingMessages = 1 << 20
	pendingBytes    = 256 << 20
)

func (s *Silo) subscribe(sub *nats.Subscription, err error) (*nats.Subscription, error) {
	if err != nil {
		return nil, err
	}
	return sub, sub.SetPendingLimits(pendingMessages, pendingBytes)
}
