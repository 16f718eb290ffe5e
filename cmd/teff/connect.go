package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"github.com/nats-io/nats.go"

	"github.com/teff-dev/teff/grain"
	"github.com/teff-dev/teff/internal/bus"
	"github.com/teff-dev/teff/internal/wire"
)

// connect opens a session. The context it returns ends with the given one, and when
// the NATS server refuses something to this user: what is refused is never answered.
func (g *Globals) connect(ctx context.Context) (context.Context, *session, error) {
	names, err := wire.NewNames(g.Cluster)
	if err != nil {
		return nil, nil, usage("--cluster: %s", sentence(err))
	}
	if err := checkURLs(g.NATS); err != nil {
		return nil, nil, err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	nc, err := bus.Connect(bus.Options{
		URL:    g.NATS,
		Name:   "teff",
		Logger: slog.New(slog.DiscardHandler), // a command reports its own end
		Extra:  g.natsOptions(cancel),
	})
	if err != nil {
		cancel(nil)
		return nil, nil, g.cannotConnect(err)
	}
	s := &session{nc: nc, names: names, end: cancel}
	if s.mux, err = bus.NewMux(nc); err != nil {
		s.close()
		return nil, nil, unreachable("cannot talk to NATS at %s: %w", redact(g.NATS), err)
	}
	return ctx, s, nil
}

func (g *Globals) natsOptions(refused context.CancelCauseFunc) []nats.Option {
	opts := []nats.Option{nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
		if errors.Is(err, nats.ErrPermissionViolation) {
			refused(err)
		}
	})}
	if g.Creds != "" {
		opts = append(opts, nats.UserCredentials(g.Creds))
	}
	if g.TLSCA != "" {
		opts = append(opts, nats.RootCAs(g.TLSCA))
	}
	if g.TLSCert != "" {
		opts = append(opts, nats.ClientCert(g.TLSCert, g.TLSKey))
	}
	return opts
}

// cannotConnect says why there is no connection.
func (g *Globals) cannotConnect(err error) *failure {
	cause := err
	if inner := errors.Unwrap(err); inner != nil {
		cause = inner
	}
	f := unreachable("cannot connect to NATS at %s: %s", redact(g.NATS), strings.TrimPrefix(cause.Error(), "nats: "))
	switch {
	case errors.Is(err, nats.ErrAuthorization), errors.Is(err, nats.ErrAuthExpired), errors.Is(err, nats.ErrAuthRevoked):
		f.err = unexecuted(grain.CodeUnauthenticated, "%s", f.err.Message())
		return f.hint("the server wants to know who calls: --creds FILE, or a user and password in --nats")
	case strings.Contains(cause.Error(), "x509"), strings.Contains(cause.Error(), "tls"), errors.Is(err, nats.ErrSecureConnRequired):
		return f.hint("the server's certificate is checked with --tls-ca FILE; a server that asks for one of the client's gets --tls-cert and --tls-key")
	default:
		return f.hint("is a silo running? it prints its address when it starts, such as \"NATS at nats://127.0.0.1:41234\": give it as --nats URL, or in TEFF_NATS")
	}
}

// checkURLs refuses what no server can have as its address. It repeats nothing of the text
// but what redact leaves: net/url's own errors tell parts of passwords.
func checkURLs(urls string) error {
	for text := range strings.SplitSeq(urls, ",") {
		text = strings.TrimSpace(text)
		if !strings.Contains(text, "://") {
			text = "nats://" + text // as NATS's client does
		}
		u, err := url.Parse(text)
		if err == nil && u.Port() != "" {
			_, err = strconv.ParseUint(u.Port(), 10, 16)
		}
		if err == nil {
			continue
		}
		f := usage("--nats %s: it is not a server's address: write nats://HOST:PORT", redact(text))
		if strings.Contains(text, "@") {
			return f.hint("in a user's name or password, write %%20 for a space, %%2F for /, %%3A for : and %%40 for @")
		}
		return f
	}
	return nil
}

// redact takes what is secret out of URLs. A password may have any character but the
// comma, which separates URLs.
func redact(text string) string {
	return regexp.MustCompile(`//[^,]*@`).ReplaceAllString(text, "//")
}

// sentence is what an error says, without its code.
func sentence(err error) string {
	if coded, ok := errors.AsType[*grain.Error](err); ok {
		return coded.Message()
	}
	return fmt.Sprint(err)
}
