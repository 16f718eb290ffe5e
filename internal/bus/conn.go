package bus

import (
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"time"

	"github.com/nats-io/nats.go"
)

// Options say how to connect.
type Options struct {
	URL    string        // of an outside server; more than one are separated by commas
	Server *Server       // the embedded server, instead of a URL
	Name   string        // shown in the server's connection list
	Logger *slog.Logger  // told of disconnects
	Extra  []nats.Option // the user's own: credentials, TLS
}

// How soon a dead server is noticed, and how soon it is tried again. NATS's own
// defaults would take minutes, and give up for good after two.
const (
	pingInterval  = 2 * time.Second
	pingsOut      = 2
	reconnectWait = 100 * time.Millisecond
	dialTimeout   = 2 * time.Second
)

// Connect connects once; afterwards the connection mends itself for ever. While it is
// cut off, publishing fails instead of being buffered: a stale reply must not leave
// later.
func Connect(o Options) (*nats.Conn, error) {
	opts := []nats.Option{
		nats.Name(o.Name),
		nats.MaxReconnects(-1),
		nats.IgnoreAuthErrorAbort(), // what checks the credentials may be down itself
		nats.ReconnectWait(reconnectWait),
		nats.ReconnectBufSize(-1),
		nats.PingInterval(pingInterval),
		nats.MaxPingsOutstanding(pingsOut),
		nats.Timeout(dialTimeout),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			if err != nil {
				o.Logger.Warn("cut off from NATS, reconnecting", slog.Any("error", err))
			}
		}),
		nats.ReconnectHandler(func(nc *nats.Conn) {
			o.Logger.Info("reconnected to NATS", slog.String("url", nc.ConnectedUrlRedacted()))
		}),
		nats.ErrorHandler(func(_ *nats.Conn, sub *nats.Subscription, err error) {
			subject := ""
			if sub != nil {
				subject = sub.Subject
			}
			o.Logger.Error("NATS reports", slog.String("subject", subject), slog.Any("error", err))
		}),
	}
	where := o.URL
	if o.Server != nil {
		opts, where = append(opts, nats.InProcessServer(o.Server)), o.Server.URL()
	}
	nc, err := nats.Connect(o.URL, append(append(opts, o.Extra...), spooled)...)
	if err != nil {
		if safe := redact(err.Error()); safe != err.Error() { // it quotes the URL
			err = errors.New(safe)
		}
		return nil, fmt.Errorf("connect to NATS at %s: %w", redact(where), err)
	}
	return nc, nil
}

// redact takes user and password out of URLs: errors end up in logs.
func redact(text string) string {
	return regexp.MustCompile(`//[^,]*@`).ReplaceAllString(text, "//")
}
