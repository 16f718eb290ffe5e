package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/teff-dev/teff/grain"
	"github.com/teff-dev/teff/internal/bus"
	"github.com/teff-dev/teff/internal/core/membership"
)

// A bucket is where the records live: a JetStream stream that keeps the last message of
// each subject, laid out as NATS's key-value stores are, so that `nats kv` shows it.
type bucket struct {
	nc       *nats.Conn
	js       jetstream.JetStream
	cluster  string
	replicas int

	mu     sync.Mutex // held while the stream is looked for
	stream jetstream.Stream
}

// Names within the bucket.
const (
	viewToken  = "view"
	beatPrefix = "m."
)

// The header by which a key-value store marks a deleted key.
const (
	headerOperation = "KV-Operation"
	operationDelete = "DEL"
)

func newBucket(nc *nats.Conn, cluster string, replicas int) (*bucket, error) {
	js, err := jetstream.New(nc)
	if err != nil {
		return nil, fmt.Errorf("use JetStream: %w", err)
	}
	return &bucket{nc: nc, js: js, cluster: cluster, replicas: replicas}, nil
}

// StreamName is the stream of a cluster's records.
func StreamName(cluster string) string { return "KV_" + cluster + "_cluster" }

func (b *bucket) prefix() string { return "$KV." + b.cluster + "_cluster." }

// announced is below what the server republishes every change.
func (b *bucket) announced() string { return b.cluster + ".kv." }

func (b *bucket) subject(key membership.Key) string {
	if key == membership.ViewKey {
		return b.prefix() + viewToken
	}
	return b.prefix() + beatPrefix + string(key)
}

// key is the inverse of subject, for what is behind the prefix.
func parseKey(token string) (membership.Key, bool) {
	if token == viewToken {
		return membership.ViewKey, true
	}
	incarnation, ok := strings.CutPrefix(token, beatPrefix)
	return membership.Key(incarnation), ok && incarnation != ""
}

// open finds the stream, or makes it.
//
// A new one starts at a random sequence number, so that no revision of a lost bucket is
// one of its. Reads are answered by the leader alone: any replica's would often be stale.
func (b *bucket) open(ctx context.Context) (jetstream.Stream, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.stream != nil {
		return b.stream, nil
	}
	name := StreamName(b.cluster)
	stream, err := b.js.Stream(ctx, name)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		stream, err = b.js.CreateStream(ctx, jetstream.StreamConfig{
			Name:              name,
			Description:       "The members of the Teff cluster " + b.cluster + ", and what they own",
			Subjects:          []string{b.prefix() + ">"},
			MaxMsgsPerSubject: 1,
			Discard:           jetstream.DiscardNew,
			AllowRollup:       true,
			DenyDelete:        true,
			Storage:           jetstream.FileStorage,
			Replicas:          b.replicas,
			FirstSeq:          1 + rand.Uint64N(1<<48),
			RePublish:         &jetstream.RePublish{Source: b.prefix() + ">", Destination: b.announced() + ">"},
		})
		if errors.Is(err, jetstream.ErrStreamNameAlreadyInUse) {
			stream, err = b.js.Stream(ctx, name)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("the cluster's bucket %s: %w", name, err)
	}
	b.stream = stream
	return stream, nil
}

// await returns when the stream is there, or cannot be: a server that is starting, or a
// NATS cluster that has no leader yet, is waited for.
func (b *bucket) await(ctx context.Context) error {
	for mute := time.Duration(0); ; mute += openPause {
		try, cancel := context.WithTimeout(ctx, openTry)
		_, err := b.open(try)
		cancel()
		refused := bus.Refused(b.nc, StreamName(b.cluster))
		switch {
		case err == nil:
			return nil
		case refused != nil:
			return refused
		case errors.Is(err, jetstream.ErrJetStreamNotEnabled), errors.Is(err, jetstream.ErrJetStreamNotEnabledForAccount),
			errors.Is(err, nats.ErrNoResponders) && mute >= muteWait:
			return grain.Errorf(grain.CodeFailedPrecondition, "the NATS server at %s has no JetStream, where a cluster keeps its records: start it with -js, or with jetstream {} in its configuration", b.nc.ConnectedUrlRedacted())
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w (%w)", ctx.Err(), err)
		case <-time.After(openPause):
		}
	}
}

// How long one try to open the bucket takes, and the pause before the next.
const (
	openTry   = 750 * time.Millisecond // what has no leader yet does not answer
	openPause = 200 * time.Millisecond
	muteWait  = 5 * time.Second // for a JetStream that starts; then there is none
)

// lost makes the next open look again: the stream was not there.
func (b *bucket) lost() {
	b.mu.Lock()
	b.stream = nil
	b.mu.Unlock()
}

// An ack is what a stream answers to a publisher.
type ack struct {
	Stream string `json:"stream"`
	Seq    uint64 `json:"seq"`
	Error  *struct {
		Code        int    `json:"code"`
		ErrCode     int    `json:"err_code"`
		Description string `json:"description"`
	} `json:"error"`
}

// wrongLastSequence is the server's error that names the revision which a key has.
// Another one, without the number, says only that a write of the key is under way.
const wrongLastSequence = 10071

// put writes a record, or what marks a deleted one, if the key has that revision.
func (b *bucket) put(ctx context.Context, key membership.Key, expect uint64, data []byte, deleted bool) (membership.Outcome, uint64, error) {
	if _, err := b.open(ctx); err != nil {
		return membership.Unknown, 0, err
	}
	msg := &nats.Msg{Subject: b.subject(key), Data: data, Header: nats.Header{
		jetstream.ExpectedLastSubjSeqHeader: {strconv.FormatUint(expect, 10)},
	}}
	if deleted {
		msg.Header.Set(headerOperation, operationDelete)
	}
	reply, err := b.nc.RequestMsgWithContext(ctx, msg)
	if err != nil {
		if errors.Is(err, nats.ErrNoResponders) {
			b.lost()
		}
		return membership.Unknown, 0, fmt.Errorf("write %s: %w", msg.Subject, err)
	}
	var a ack
	if err := json.Unmarshal(reply.Data, &a); err != nil {
		return membership.Unknown, 0, fmt.Errorf("write %s: %w", msg.Subject, err)
	}
	switch {
	case a.Error == nil && a.Stream == StreamName(b.cluster):
		return membership.OK, a.Seq, nil
	case a.Error != nil && a.Error.ErrCode == wrongLastSequence:
		at := strings.LastIndexByte(a.Error.Description, ' ') + 1
		revision, err := strconv.ParseUint(a.Error.Description[at:], 10, 64)
		if err != nil {
			return membership.Unknown, 0, fmt.Errorf("write %s: %s", msg.Subject, a.Error.Description)
		}
		return membership.Conflict, revision, nil
	case a.Error != nil:
		return membership.Unknown, 0, fmt.Errorf("write %s: %s", msg.Subject, a.Error.Description)
	default:
		return membership.Unknown, 0, fmt.Errorf("write %s: the stream %s has it", msg.Subject, a.Stream)
	}
}

// get reads a key; revision 0 is that it is missing.
func (b *bucket) get(ctx context.Context, key membership.Key) (membership.Record, uint64, error) {
	stream, err := b.open(ctx)
	if err != nil {
		return membership.Record{}, 0, err
	}
	msg, err := stream.GetLastMsgForSubject(ctx, b.subject(key))
	switch {
	case errors.Is(err, jetstream.ErrMsgNotFound):
		return membership.Record{}, 0, nil
	case err != nil:
		if errors.Is(err, jetstream.ErrStreamNotFound) {
			b.lost()
		}
		return membership.Record{}, 0, fmt.Errorf("read %s: %w", b.subject(key), err)
	}
	r, err := read(key, msg.Header, msg.Data)
	return r, msg.Sequence, err
}

// read makes a record of a message; a deleted one is empty.
func read(key membership.Key, h nats.Header, data []byte) (membership.Record, error) {
	if h.Get(headerOperation) != "" {
		return membership.Record{}, nil
	}
	return decode(key, data)
}

// watch calls f for every change that the server announces on a subject. What is lost on
// the way is not told.
func (b *bucket) watch(subject string, f func(key membership.Key, revision uint64, r membership.Record)) (*nats.Subscription, error) {
	prefix := b.announced()
	return b.nc.Subscribe(subject, func(msg *nats.Msg) {
		key, ok := parseKey(msg.Subject[len(prefix):])
		revision, err := strconv.ParseUint(msg.Header.Get(jetstream.SequenceHeader), 10, 64)
		if !ok || err != nil || msg.Header.Get(jetstream.StreamHeader) != StreamName(b.cluster) {
			return
		}
		if r, err := read(key, msg.Header, msg.Data); err == nil {
			f(key, revision, r)
		}
	})
}

// keys lists what there is, for what nobody announced to us.
func (b *bucket) keys(ctx context.Context) ([]membership.Key, error) {
	stream, err := b.open(ctx)
	if err != nil {
		return nil, err
	}
	info, err := stream.Info(ctx, jetstream.WithSubjectFilter(b.prefix()+beatPrefix+"*"))
	if err != nil {
		return nil, fmt.Errorf("list the cluster's members: %w", err)
	}
	keys := make([]membership.Key, 0, len(info.State.Subjects))
	for subject := range info.State.Subjects {
		if key, ok := parseKey(strings.TrimPrefix(subject, b.prefix())); ok {
			keys = append(keys, key)
		}
	}
	return keys, nil
}

// purge removes what marks a deleted key. It is of no consequence where it fails.
func (b *bucket) purge(ctx context.Context, key membership.Key, revision uint64) error {
	stream, err := b.open(ctx)
	if err != nil {
		return err
	}
	return stream.Purge(ctx, jetstream.WithPurgeSubject(b.subject(key)), jetstream.WithPurgeSequence(revision+1))
}
