package silo

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/teff-dev/teff/grain"
	"github.com/teff-dev/teff/internal/core/membership"
	"github.com/teff-dev/teff/internal/rig"
	"github.com/teff-dev/teff/internal/seam"
	"github.com/teff-dev/teff/internal/turn"
	"github.com/teff-dev/teff/persistence"
)

// AddState implements seam.Host.
func (a *activation) AddState(s seam.State) { a.states = append(a.states, s) }

// loadStates loads what the constructor declared.
func (a *activation) loadStates(ctx context.Context) error {
	if len(a.states) == 0 {
		return nil
	}
	if err := a.checkStates(); err != nil {
		return err
	}
	if err := a.tenure.claim(ctx, a.of.silo.store); err != nil {
		return err
	}
	shard := a.tenure.stored()
	for _, st := range a.states {
		if err := a.loadState(ctx, shard, st); err != nil {
			return err
		}
	}
	return nil
}

// checkStates holds the constructor's states against the proto.
func (a *activation) checkStates() error {
	service := a.of.kind.Service
	seen := make(map[string]bool, len(a.states))
	for _, st := range a.states {
		slot := st.Slot()
		switch {
		case service.State == nil:
			return grain.Errorf(grain.CodeFailedPrecondition, "the grain of %s has a state of type %s, and its service declares none: add option (teff.v1.grain) = {state: %q}",
				service.Type, slot.Schema.FullName(), slot.Schema.FullName())
		case service.State.FullName() != slot.Schema.FullName():
			return grain.Errorf(grain.CodeFailedPrecondition, "the grain of %s has a state of type %s, and its service declares %s",
				service.Type, slot.Schema.FullName(), service.State.FullName())
		case seen[slot.Name]:
			return grain.Errorf(grain.CodeFailedPrecondition, "the grain of %s calls StateOf twice for one state", service.Type)
		}
		seen[slot.Name] = true
	}
	return nil
}

func (a *activation) loadState(ctx context.Context, shard persistence.Shard, st seam.State) error {
	slot := st.Slot()
	key := persistence.Key{Grain: a.key, Name: slot.Name}
	rec, err := a.of.silo.store.Load(ctx, shard, key)
	if err == nil || errors.Is(err, persistence.ErrNotFound) {
		a.tell(rig.Loaded, a.of.silo.boot.Now(), key, rec.Revision)
	}
	switch {
	case errors.Is(err, persistence.ErrNotFound):
		return st.Load(nil)
	case errors.Is(err, persistence.ErrCorrupt):
		return a.dataLoss(err)
	case err != nil:
		return storeError(err, "load the state of "+a.id().String())
	}
	env, err := persistence.OpenEnvelope(rec.Value)
	if err != nil {
		return a.dataLoss(err)
	}
	if env.Codec != persistence.CodecProto || env.Schema != string(slot.Schema.FullName()) {
		return a.dataLoss(fmt.Errorf("%w: it holds a %s in codec %d, the grain's state is a %s",
			persistence.ErrCorrupt, env.Schema, env.Codec, slot.Schema.FullName()))
	}
	if err := st.Load(env.Data); err != nil {
		return a.dataLoss(err)
	}
	slot.Revision = uint64(rec.Revision)
	return nil
}

func (a *activation) dataLoss(err error) error {
	a.Logger().Error("a stored record cannot be read; it is kept as it is", slog.Any("error", err))
	return grain.Errorf(grain.CodeDataLoss, "the stored state of %s cannot be read, and is kept for inspection: %w", a.id(), err)
}

// Commit implements seam.Host. The write goes on when the caller cancels: what is half
// way to the disk has no better end than its own. It keeps the turn's deadline.
func (a *activation) Commit(ctx context.Context, changes ...seam.Change) error {
	if err := a.mayCommit(ctx); err != nil {
		return err
	}
	writes := make([]persistence.Write, len(changes))
	for i, c := range changes {
		data, err := proto.MarshalOptions{Deterministic: true}.Marshal(c.Value)
		if err != nil {
			return grain.Errorf(grain.CodeInternal, "encode the state of %s: %w", a.id(), err)
		}
		schema := string(c.Slot.Schema.FullName())
		env := persistence.Envelope{Codec: persistence.CodecProto, Schema: schema, Data: data}
		writes[i] = persistence.Write{
			Key:    persistence.Key{Grain: a.key, Name: c.Slot.Name},
			Value:  env.Seal(make([]byte, 0, len(data)+len(schema)+16)),
			Expect: persistence.Revision(c.Slot.Revision),
		}
	}
	s := a.of.silo
	bounded := context.WithoutCancel(ctx)
	if t := turn.From(ctx); t != nil {
		if d, ok := t.Deadline(); ok {
			var cancel context.CancelFunc
			bounded, cancel = context.WithDeadline(bounded, d)
			defer cancel()
		}
	}
	revisions, err := s.store.Commit(bounded, a.tenure.stored(), a.tenure.fence, writes...)
	if err != nil {
		return a.commitFailed(err)
	}
	for i, c := range changes {
		c.Slot.Revision = uint64(revisions[i])
		a.tell(rig.Stored, s.boot.Now(), writes[i].Key, revisions[i])
	}
	return nil
}

// mayCommit is the gate in front of the store.
func (a *activation) mayCommit(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		code := grain.CodeOf(err)
		return grain.Errorf(code, "the call ended before %s could update its state; nothing was changed", a.id())
	}
	a.mu.Lock()
	over := a.spoiled || a.phase == phaseFailed || a.phase == phaseGone || a.of.silo.revoked.Load()
	a.mu.Unlock()
	switch {
	case over || !a.tenure.holds():
		return grain.Errorf(grain.CodeAborted, "this activation of %s is over: it may not update its state any more", a.id())
	case !a.passesSoon(rig.Commit, func() bool { return ctx.Err() != nil }):
		return grain.Errorf(grain.CodeUnavailable, "this silo has lost touch with its cluster, and may not change %s until it has it again; nothing was changed", a.id())
	}
	return nil
}

// commitFailed says what a failed commit means, and ends the activation where memory may
// no longer be what is stored.
func (a *activation) commitFailed(err error) error {
	what := "update the state of " + a.id().String()
	switch {
	case errors.Is(err, persistence.ErrConflict), errors.Is(err, persistence.ErrFenced):
		if errors.Is(err, persistence.ErrFenced) {
			a.of.silo.fences.Add(1)
			a.tell(rig.Fenced, a.of.silo.boot.Now(), persistence.Key{Grain: a.key}, 0)
			t := a.tenure
			t.inc.cluster.Tell(membership.Fenced{Shard: t.shard, Since: t.fence.Since})
		}
		a.spoil()
		return grain.Errorf(grain.CodeAborted, "%s: it was changed elsewhere; call again: %w", what, err)
	case errors.Is(err, persistence.ErrUnknownOutcome):
		a.spoil()
		return grain.Errorf(grain.CodeMaybeExecuted, "%s: %w", what, err)
	default:
		return storeError(err, what)
	}
}

// spoil makes this the activation's last turn.
func (a *activation) spoil() {
	a.mu.Lock()
	a.spoiled = true
	a.mu.Unlock()
	a.endSoon(grain.DeactivatedAfterFault)
}

// storeError is what a caller gets of a store's error that changed nothing.
func storeError(err error, what string) error {
	code := grain.CodeUnavailable
	switch {
	case errors.Is(err, persistence.ErrFull), errors.Is(err, persistence.ErrTooLarge):
		code = grain.CodeResourceExhausted
	case errors.Is(err, persistence.ErrFenced), errors.Is(err, persistence.ErrConflict):
		code = grain.CodeAborted
	case errors.Is(err, persistence.ErrCorrupt):
		code = grain.CodeDataLoss
	case errors.Is(err, context.DeadlineExceeded):
		code = grain.CodeDeadlineExceeded
	}
	return grain.Errorf(code, "%s: %w", what, err)
}

// claimWait limits one claim, which is a write or two.
const claimWait = 10 * time.Second
