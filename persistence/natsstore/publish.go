package natsstore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"github.com/nats-io/nats.go"

	"github.com/teff-dev/teff/persistence"
)

const (
	// goneHeader marks the message that stands for a deleted record.
	goneHeader = "Teff-Deleted"

	batchIDHeader     = "Nats-Batch-Id"
	batchSeqHeader    = "Nats-Batch-Sequence"
	batchCommitHeader = "Nats-Batch-Commit"
	ttlHeader         = "Nats-TTL"
)

// What publishing a batch may end with, besides success.
var (
	// errRefused: a subject was not where it was expected. Or it was, and another batch
	// concerned with it was still being replicated.
	errRefused = errors.New("the server refused the batch")

	// errNotTaken: the server dropped the batch without looking at it, or never got it.
	errNotTaken = errors.New("the server did not take the batch")

	// errNoAnswer: nobody knows.
	errNoAnswer = errors.New("no answer")

	// errBatchTooLarge: the server takes fewer messages in a batch.
	errBatchTooLarge = errors.New("the batch has more messages than the server takes")
)

// The server's error codes, of its API.
const (
	codeNotEnoughResources = 10023
	codeAccountResources   = 10002
	codeMemoryExceeded     = 10028
	codeStorageExceeded    = 10047
	codeWrongLast          = 10071
	codeStoreFailed        = 10077
	codeWrongLastConstant  = 10164
	codeIncomplete         = 10176
	codeTooManyMessages    = 10199
	codeTooManyBatches     = 10210
)

// A pubAck is what the server answers to a published message.
type pubAck struct {
	Error *struct {
		Code        int    `json:"err_code"`
		Description string `json:"description"`
	} `json:"error"`
	Seq   uint64 `json:"seq"`
	Batch string `json:"batch"`
	Count int    `json:"count"`
}

// publish publishes the attempt and returns its first message's sequence.
func (s *Store) publish(ctx context.Context, a *attempt, try int) (uint64, error) {
	total := a.count()
	out := outgoing{s: s, id: a.id + "-" + strconv.Itoa(try), total: total}
	for i, shard := range a.shards {
		g := guard{fence: a.fences[i], batch: a.id}
		if err := out.send(s.layout.fence(shard), g.encode(), &a.at[i], false); err != nil {
			return 0, err
		}
	}
	for _, r := range a.requests {
		for i := range r.writes {
			w := &r.writes[i]
			at := &w.at
			if w.blind {
				at = nil
			}
			if err := out.send(w.subject, w.value, at, w.gone); err != nil {
				return 0, err
			}
		}
	}
	ack, err := s.commitMessage(ctx, out.last)
	if err != nil {
		return 0, err
	}
	if ack.Count != total || ack.Seq < uint64(total) {
		return 0, fmt.Errorf("%w: the server acknowledged %d of %d messages", errNoAnswer, ack.Count, total)
	}
	return ack.Seq - uint64(total) + 1, nil
}

// outgoing numbers a batch's messages and publishes all but the last.
type outgoing struct {
	s     *Store
	id    string
	total int
	sent  int
	last  *nats.Msg
}

func (o *outgoing) send(subject string, data []byte, at *uint64, gone bool) error {
	o.sent++
	m := &nats.Msg{Subject: subject, Data: data, Header: make(nats.Header, 4)}
	m.Header[batchIDHeader] = []string{o.id}
	m.Header[batchSeqHeader] = []string{strconv.Itoa(o.sent)}
	if at != nil {
		m.Header[nats.ExpectedLastSubjSeqHdr] = []string{strconv.FormatUint(*at, 10)}
	}
	if gone {
		m.Header[goneHeader] = []string{"1"}
		m.Header[ttlHeader] = []string{markerLife}
	}
	if o.sent == o.total {
		m.Header[batchCommitHeader] = []string{"1"}
		o.last = m
		return nil
	}
	if err := o.s.nc.PublishMsg(m); err != nil {
		return fmt.Errorf("%w: %w", errNotTaken, err)
	}
	return nil
}

// commitMessage publishes the message that commits a batch, or any single one, and
// waits for the server's answer.
func (s *Store) commitMessage(ctx context.Context, m *nats.Msg) (pubAck, error) {
	ctx, cancel := context.WithTimeout(ctx, ackWait)
	defer cancel()
	reply, err := s.nc.RequestMsgWithContext(ctx, m)
	switch {
	case errors.Is(err, nats.ErrNoResponders), errors.Is(err, nats.ErrReconnectBufExceeded), errors.Is(err, nats.ErrMaxPayload):
		return pubAck{}, fmt.Errorf("%w: %w", errNotTaken, err)
	case err != nil:
		return pubAck{}, fmt.Errorf("%w: %w", errNoAnswer, err)
	}
	var ack pubAck
	if err := json.Unmarshal(reply.Data, &ack); err != nil {
		return pubAck{}, fmt.Errorf("%w: the server's answer cannot be read: %w", errNoAnswer, err)
	}
	if ack.Error != nil {
		return pubAck{}, classify(ack.Error.Code, ack.Error.Description)
	}
	return ack, nil
}

// classify turns the server's error into what the store makes of it.
func classify(code int, text string) error {
	switch code {
	case codeWrongLast, codeWrongLastConstant:
		return fmt.Errorf("%w: %s", errRefused, text)
	case codeIncomplete, codeTooManyBatches:
		return fmt.Errorf("%w: %s", errNotTaken, text)
	case codeTooManyMessages:
		return fmt.Errorf("%w: %s", errBatchTooLarge, text)
	case codeNotEnoughResources, codeAccountResources, codeMemoryExceeded, codeStorageExceeded:
		return fmt.Errorf("%w: JetStream says: %s; raise its limits or delete something", persistence.ErrFull, text)
	case codeStoreFailed:
		if text == "maximum bytes exceeded" || text == "maximum messages exceeded" {
			return fmt.Errorf("%w: JetStream says: %s; raise the stream's limit or delete something", persistence.ErrFull, text)
		}
		// The disk failed it, perhaps in the middle.
		return fmt.Errorf("%w: %s", errNoAnswer, text)
	default:
		return fmt.Errorf("JetStream refused the batch: %s (code %d)", text, code)
	}
}
