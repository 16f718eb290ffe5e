package silo_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/teff-dev/teff/grain"
	"github.com/teff-dev/teff/internal/wire"
	"github.com/teff-dev/teff/silo"
)

// raw is a caller that knows NATS and JSON, and nothing of Teff.
type raw struct{ nc *nats.Conn }

func rawClient(t *testing.T, s *silo.Silo) raw {
	t.Helper()
	nc, err := nats.Connect(s.URL())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	return raw{nc}
}

// ask sends a request at the door, as JSON, and returns where its answers arrive.
func (r raw) ask(t *testing.T, key, method, text string, headers map[string]string) *nats.Subscription {
	t.Helper()
	inbox := r.nc.NewInbox()
	answers, err := r.nc.SubscribeSync(inbox)
	if err != nil {
		t.Fatal(err)
	}
	msg := nats.NewMsg("teff.call." + wire.TypeToken(probeType) + "." + key + "." + method)
	msg.Reply, msg.Data = inbox, fmt.Appendf(nil, `{"text":%q}`, text)
	for name, value := range headers {
		msg.Header[name] = []string{value}
	}
	if err := r.nc.PublishMsg(msg); err != nil {
		t.Fatal(err)
	}
	return answers
}

// next returns an answer.
func (r raw) next(t *testing.T, answers *nats.Subscription) *nats.Msg {
	t.Helper()
	msg, err := answers.NextMsg(10 * time.Second)
	if err != nil {
		t.Fatal(err)
	}
	return msg
}

// wantError returns the next answer, which must be an error with that code.
func (r raw) wantError(t *testing.T, answers *nats.Subscription, code grain.Code) *grain.Error {
	t.Helper()
	msg := r.next(t, answers)
	err := wire.DecodeError(wire.Header(msg.Header), msg.Data)
	if err == nil {
		t.Fatalf("answered %q, want %s", msg.Data, code)
	}
	return wantCode(t, err, code)
}

// silent fails the test if there is one more answer. What the silo published before it
// answers the question that is asked here would have arrived.
func (r raw) silent(t *testing.T, answers *nats.Subscription) {
	t.Helper()
	r.next(t, r.ask(t, "silent", "Nothing", "", nil))
	if n, _, err := answers.Pending(); err != nil || n > 0 {
		t.Errorf("%d more answers (%v)", n, err)
	}
}

// logged keeps what a silo logs.
type logged struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logged) logger() *slog.Logger { return slog.New(slog.NewTextHandler(l, nil)) }

// Write implements io.Writer.
func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// has says whether one line has all of these.
func (l *logged) has(parts ...string) bool {
	for line := range strings.Lines(l.String()) {
		found := true
		for _, part := range parts {
			found = found && strings.Contains(line, part)
		}
		if found {
			return true
		}
	}
	return false
}
