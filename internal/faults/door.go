//go:build linux

package faults

import (
	"context"
	"errors"
	"time"

	"github.com/nats-io/nats.go"
	"google.golang.org/protobuf/proto"

	"github.com/teff-dev/teff/grain"
	"github.com/teff-dev/teff/internal/outcome"
	"github.com/teff-dev/teff/internal/seam"
	"github.com/teff-dev/teff/internal/wire"
)

// A door calls grains as any NATS client can: with a request to the door, and nothing
// else. It sends every call once.
type door struct {
	nc    *nats.Conn
	names wire.Names
}

var _ grain.Caller = (*door)(nil)

// Invoke implements grain.Caller.
func (d *door) Invoke(ctx context.Context, m *seam.Method, key string, req proto.Message) (proto.Message, error) {
	data, err := proto.Marshal(req)
	if err != nil {
		return nil, err
	}
	msg := &nats.Msg{Subject: d.names.Call(m.Service.Type, key, m.Name), Data: data, Header: nats.Header{
		wire.HeaderContentType: {wire.CodecProto.ContentType()},
	}}
	if deadline, ok := ctx.Deadline(); ok {
		// The silo gives up a little earlier, and says so.
		msg.Header.Set(wire.HeaderTimeout, (time.Until(deadline) - doorSlack).String())
	}
	reply, err := d.nc.RequestMsgWithContext(ctx, msg)
	switch {
	case errors.Is(err, nats.ErrNoResponders), errors.Is(err, nats.ErrReconnectBufExceeded):
		return nil, outcome.Refused(grain.CodeUnavailable, "the door: %w", err)
	case errors.Is(err, context.DeadlineExceeded):
		return nil, grain.Errorf(grain.CodeDeadlineExceeded, "the door: %w", err)
	case err != nil:
		return nil, grain.Errorf(grain.CodeUnknown, "the door: %w", err)
	}
	if err := wire.DecodeError(wire.Header(reply.Header), reply.Data); err != nil {
		return nil, err
	}
	resp := m.NewReply()
	return resp, wire.Unmarshal(wire.CodecProto, reply.Data, resp)
}

const doorSlack = 200 * time.Millisecond
