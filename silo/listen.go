package silo

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"google.golang.org/protobuf/proto"

	"github.com/teff-dev/teff/grain"
	"github.com/teff-dev/teff/internal/wire"
	teffv1 "github.com/teff-dev/teff/protos/teff/v1"
)

// listen subscribes to everything that the silo answers.
//
// One subscription catches all calls at the door, whatever their type: a type that
// nobody hosts must be answered too, and a wildcard subscription elsewhere would hide it
// from NATS's own "no responders".
func (s *Silo) listen(context.Context) error {
	inc := s.member.GetIncarnation()
	plain := map[string]nats.MsgHandler{
		s.names.DirectAll(inc): s.serve,
		s.names.CtlAll(inc):    s.serveControl,
	}
	shared := map[string]nats.MsgHandler{
		s.names.CallAll():     s.serve,
		s.names.PartAll():     s.serve,
		s.names.DescribeAll(): s.serveDescribe,
	}
	for subject, handler := range plain {
		if err := s.subscribe(s.nc.Subscribe(subject, handler)); err != nil {
			return fmt.Errorf("listen on %s: %w", subject, err)
		}
	}
	for subject, handler := range shared {
		if err := s.subscribe(s.nc.QueueSubscribe(subject, wire.QueueGroup, handler)); err != nil {
			return fmt.Errorf("listen on %s: %w", subject, err)
		}
	}
	if err := s.announce(); err != nil {
		return err
	}
	return s.nc.Flush()
}

// A silo sheds calls by its mailboxes, long before a subscription's buffer is full; what
// NATS would drop there would be dropped in silence.
const (
	pendingMessages = 1 << 20
	pendingBytes    = 256 << 20
)

func (s *Silo) subscribe(sub *nats.Subscription, err error) error {
	if err != nil {
		return err
	}
	s.subs = append(s.subs, sub)
	return sub.SetPendingLimits(pendingMessages, pendingBytes)
}

// aloneWait is how long another silo has to say that it is there.
const aloneWait = 250 * time.Millisecond

// checkAlone refuses to be the second silo of a cluster: this release has no membership,
// and two silos would both own every grain. It listens before it asks, so that of two
// that start at once at least one sees the other.
func (s *Silo) checkAlone(ctx context.Context) error {
	if err := s.subscribe(s.nc.Subscribe(s.names.View(), s.serveView)); err != nil {
		return fmt.Errorf("listen on %s: %w", s.names.View(), err)
	}
	if s.server != nil {
		return nil // nobody else can have been there
	}
	inbox := s.nc.NewInbox()
	answers, err := s.nc.SubscribeSync(inbox)
	if err != nil {
		return fmt.Errorf("look for other silos: %w", err)
	}
	defer answers.Unsubscribe() //nolint:errcheck // of no further use either way
	if err := s.nc.PublishRequest(s.names.View(), inbox, nil); err != nil {
		return fmt.Errorf("look for other silos: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, aloneWait)
	defer cancel()
	for {
		msg, err := answers.NextMsgWithContext(ctx)
		if errors.Is(err, context.DeadlineExceeded) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("look for other silos: %w", err)
		}
		var view teffv1.View
		if proto.Unmarshal(msg.Data, &view) != nil {
			continue
		}
		for _, m := range view.GetMembers() {
			if m.GetIncarnation() != s.member.GetIncarnation() {
				return grain.Errorf(grain.CodeFailedPrecondition,
					"cluster %q on this NATS server has a silo already (%s on %s), and this release runs one silo a cluster: stop it, or set Config.Cluster to another name",
					s.cfg.Cluster, m.GetIncarnation(), m.GetName())
			}
		}
	}
}
