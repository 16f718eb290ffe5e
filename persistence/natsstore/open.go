package natsstore

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/teff-dev/teff/internal/bus"
	"github.com/teff-dev/teff/persistence"
)

// ErrForeign is what Open answers when the cluster's stream is none of this package,
// or one that a newer release made. It was left alone.
var ErrForeign = errors.New("the stream is not a store that this release can open")

// Keys of the stream's metadata.
const layoutKey = "teff-layout"

// Open opens the cluster's store, and makes its stream when there is none. The caller
// must Close it, before the connection.
//
// It returns ErrForeign for a stream that it cannot use, INVALID_ARGUMENT for a
// cluster's name that is none, and says what to do when the server is older than 2.12
// or has no JetStream.
func Open(ctx context.Context, nc *nats.Conn, opts Options) (*Store, error) {
	return open(ctx, nc, opts, hooks{})
}

func open(ctx context.Context, nc *nats.Conn, opts Options, h hooks) (*Store, error) {
	opts = opts.withDefaults()
	l, err := newLayout(opts.Cluster)
	if err != nil {
		return nil, err
	}
	if err := openStream(ctx, nc, l, opts); err != nil {
		return nil, fmt.Errorf("open store of cluster %s: %w", opts.Cluster, err)
	}
	s, err := begin(nc, l, h) //nolint:contextcheck // the committer lives until Close, and ctx only for the opening
	if err != nil {
		return nil, fmt.Errorf("open store of cluster %s: %w", opts.Cluster, err)
	}
	return s, nil
}

// openStream finds the stream or makes it.
func openStream(ctx context.Context, nc *nats.Conn, l layout, opts Options) error {
	if err := checkVersion(nc.ConnectedServerVersion()); err != nil {
		return err
	}
	js, err := jetstream.New(nc)
	if err != nil {
		return err
	}
	// Servers that start together take a while to find each other.
	waiting, cancel := context.WithTimeout(ctx, startWait)
	defer cancel()
	wait := firstTry
	stream, err := findOrMake(waiting, wait, js, l, opts)
	for attempt := 0; notReady(err) && bus.Refused(nc, l.stream()) == nil && pause(waiting, attempt) == nil; attempt++ {
		wait = min(2*wait, lastTry)
		stream, err = findOrMake(waiting, wait, js, l, opts)
	}
	if refused := bus.Refused(nc, l.stream()); err != nil && refused != nil {
		return refused
	}
	if err != nil {
		return explain(err)
	}
	return checkStream(stream.CachedInfo().Config, l, opts)
}

func findOrMake(ctx context.Context, wait time.Duration, js jetstream.JetStream, l layout, opts Options) (jetstream.Stream, error) {
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	stream, err := js.Stream(ctx, l.stream())
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		stream, err = js.CreateStream(ctx, streamConfig(l, opts))
		if errors.Is(err, jetstream.ErrStreamNameAlreadyInUse) { // somebody else was faster
			stream, err = js.Stream(ctx, l.stream())
		}
	}
	return stream, err
}

// notReady tells what a JetStream cluster answers while it has no leader, or lacks
// servers that it knows of. It may also forget to answer: when a leader goes, and when two
// silos make the stream at once.
func notReady(err error) bool {
	const codeNoSuitablePeers = 10005
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, jetstream.ErrStreamNotFound) { // the latter: another silo is making it
		return true
	}
	var api *jetstream.APIError
	return errors.As(err, &api) && (api.Code == 503 || api.ErrorCode == codeNoSuitablePeers) && !errors.Is(err, jetstream.ErrJetStreamNotEnabled)
}

// explain says what to do about what JetStream answers.
func explain(err error) error {
	switch {
	case errors.Is(err, nats.ErrNoResponders), errors.Is(err, jetstream.ErrJetStreamNotEnabled),
		errors.Is(err, jetstream.ErrJetStreamNotEnabledForAccount):
		return fmt.Errorf("the NATS server has no JetStream for this account: start it with -js, or enable it in its configuration: %w", err)
	default:
		return err
	}
}

// checkVersion refuses servers without atomic batches.
func checkVersion(version string) error {
	major, rest, _ := strings.Cut(version, ".")
	minor, _, _ := strings.Cut(rest, ".")
	x, errX := strconv.Atoi(major)
	y, errY := strconv.Atoi(minor)
	if errX != nil || errY != nil || x < 2 || x == 2 && y < 12 {
		return fmt.Errorf("the NATS server is of version %q: it needs 2.12 or newer, which has atomic batches; upgrade it", version)
	}
	return nil
}

func streamConfig(l layout, opts Options) jetstream.StreamConfig {
	return jetstream.StreamConfig{
		Name:               l.stream(),
		Description:        "Grain state of the Teff cluster " + l.cluster,
		Subjects:           []string{l.all()},
		Storage:            jetstream.FileStorage,
		Replicas:           max(opts.Replicas, 1),
		MaxMsgsPerSubject:  1,
		Discard:            jetstream.DiscardNew, // with a limit: refuse writes, and keep the state
		AllowDirect:        true,
		AllowMsgTTL:        true,
		AllowAtomicPublish: true,
		// A stream that was lost and made again must not give a revision again. The
		// numbers stay below 2⁵³, so that tools which read JSON numbers as doubles see
		// the right ones.
		FirstSeq: 1<<40 + rand.Uint64N(1<<52),
		Metadata: map[string]string{layoutKey: layoutVersion},
	}
}

// checkStream refuses a stream on which the store would lose or mix up state.
func checkStream(c jetstream.StreamConfig, l layout, opts Options) error {
	if v := c.Metadata[layoutKey]; v != layoutVersion {
		return fmt.Errorf("%w: stream %s has layout %q, this release knows %q; use the release that made it, or another cluster name",
			ErrForeign, c.Name, v, layoutVersion)
	}
	for _, must := range []struct {
		ok   bool
		what string
	}{
		{len(c.Subjects) == 1 && c.Subjects[0] == l.all(), "subjects " + l.all()},
		{c.Storage == jetstream.FileStorage, "file storage"},
		{c.MaxMsgsPerSubject == 1, "one message a subject"},
		{c.MaxAge == 0, "no maximum age"},
		{c.Discard == jetstream.DiscardNew, "the discard policy new"},
		{c.Retention == jetstream.LimitsPolicy, "the retention policy limits"},
		{c.AllowDirect && c.AllowMsgTTL && c.AllowAtomicPublish, "direct access, message TTLs and atomic publishing allowed"},
		{c.SubjectTransform == nil && c.RePublish == nil && c.Mirror == nil && len(c.Sources) == 0, "no transform, republishing, mirror or sources"},
	} {
		if !must.ok {
			return fmt.Errorf("%w: stream %s must have %s; undo what was changed", ErrForeign, c.Name, must.what)
		}
	}
	if opts.Replicas > 0 && opts.Replicas != c.Replicas {
		opts.Logger.Warn("the state's stream has another number of replicas than configured; change it with nats stream edit",
			slog.String("stream", c.Name), slog.Int("replicas", c.Replicas), slog.Int("configured", opts.Replicas))
	}
	return nil
}

// valueLimit is the most bytes in a commit's values: a record is one message.
func valueLimit(nc *nats.Conn) int {
	return int(max(0, min(nc.MaxPayload()-messageHead, persistence.MaxRecord)))
}
