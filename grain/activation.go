package grain

import (
	"context"
	"log/slog"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/teff-dev/teff/internal/seam"
	"github.com/teff-dev/teff/internal/turn"
)

// An Activation is a grain's life in memory, from its first call until it idles, its
// silo stops or its state is changed elsewhere. A grain's constructor gets it, and
// the grain keeps it.
//
// It is a [Caller] for the grain's own calls. Such a call needs the context of a turn
// of this activation that is still under way, or one derived from it; any other
// (context.Background(), one kept from an earlier turn) is refused at once with
// CodeFailedPrecondition, since nothing would then limit the call or see a cycle.
type Activation struct {
	host seam.Host
}

// ID names the grain.
func (a *Activation) ID() ID {
	typ, key := a.host.Identity()
	return ID{Type: typ, Key: key}
}

// Logger logs with the grain's identity.
func (a *Activation) Logger() *slog.Logger { return a.host.Logger() }

// Go runs f later as a turn of this grain, after the calls that wait already. It is
// for what outlives the present turn: a goroutine of your own must not touch the
// grain, but may come back through Go. The context that f gets is the new turn's, with
// the silo's default deadline. An error that f returns is logged.
//
// It fails with CodeUnavailable when the activation has ended, and with
// CodeResourceExhausted when the mailbox is full; f then never runs. Like a timer, f
// is lost when the activation ends before its turn comes.
func (a *Activation) Go(f func(ctx context.Context) error) error { return a.host.Go(f) }

// DeactivateOnIdle ends the activation as soon as no call waits for it, which is not
// before the present turn's end. The next call activates the grain anew.
func (a *Activation) DeactivateOnIdle() { a.host.DeactivateOnIdle() }

// DelayDeactivation keeps an idle activation in memory for at least d from now. Zero
// or less takes an earlier delay back.
func (a *Activation) DelayDeactivation(d time.Duration) { a.host.DelayDeactivation(d) }

// Invoke implements [Caller].
func (a *Activation) Invoke(ctx context.Context, m *seam.Method, key string, req proto.Message) (proto.Message, error) {
	if t := turn.From(ctx); t == nil || t.Owner() != a.host || t.Over() {
		return nil, a.strayContext(t, "call "+m.String())
	}
	return a.host.Invoke(ctx, m, key, req)
}

// strayContext says why a context will not do for what; t is the turn it belongs to.
func (a *Activation) strayContext(t *turn.Turn, what string) error {
	if t == nil || t.Owner() != a.host {
		return Errorf(CodeFailedPrecondition, "%s cannot %s with a context that is not of its own turn: pass on the ctx that the method got", a.ID(), what)
	}
	return Errorf(CodeFailedPrecondition, "%s cannot %s with the context of a turn that is over: use Activation.Go for what outlives a turn", a.ID(), what)
}
