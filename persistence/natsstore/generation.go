package natsstore

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/nats-io/nats.go"

	"github.com/teff-dev/teff/persistence"
)

// A counter is the generation's message: a decimal number, a space, and who wrote it.
type counter struct {
	seq   uint64 // 0: there is none
	value uint64
	id    string
}

func (s *Store) nextGeneration(ctx context.Context) (uint64, error) {
	if err := s.enter(ctx); err != nil {
		return 0, err
	}
	defer s.gate.leave()
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var last error
	for attempt := 0; ; attempt++ {
		now, err := s.readGeneration(ctx)
		if err != nil {
			return 0, err
		}
		next := counter{value: now.value + 1, id: rand.Text()}
		last = s.writeGeneration(ctx, now, next)
		switch {
		case last == nil:
			return next.value, nil
		case !errors.Is(last, errRefused) && !errors.Is(last, errNotTaken), s.nc.IsClosed():
			return 0, last
		}
		if ended := pause(ctx, attempt); ended != nil {
			return 0, fmt.Errorf("%w: %w", ended, last)
		}
	}
}

// writeGeneration replaces now by next, once.
func (s *Store) writeGeneration(ctx context.Context, now, next counter) error {
	unclear := false
	for attempt := 0; ; attempt++ {
		m := nats.NewMsg(s.layout.generation())
		m.Data = fmt.Appendf(nil, "%d %s", next.value, next.id)
		m.Header.Set(nats.ExpectedLastSubjSeqHdr, strconv.FormatUint(now.seq, 10))
		ack, err := s.commitMessage(ctx, m)
		switch {
		case err == nil:
			s.guards.saw(ack.Seq)
			return nil
		case errors.Is(err, errNoAnswer):
			unclear = true
		case !unclear:
			return err
		}
		then, lookErr := s.readGeneration(ctx)
		switch {
		case lookErr == nil && then.id == next.id:
			return nil
		case lookErr != nil || then.seq != now.seq:
			return fmt.Errorf("%w: %w", persistence.ErrUnknownOutcome, errors.Join(err, lookErr))
		}
		if ended := pause(ctx, attempt); ended != nil {
			return fmt.Errorf("%w: %w", persistence.ErrUnknownOutcome, errors.Join(err, ended))
		}
	}
}

func (s *Store) readGeneration(ctx context.Context) (counter, error) {
	q := s.newQuestion()
	subject := s.layout.generation()
	q.add(subject)
	seen, _, err := s.readFresh(ctx, q, 0)
	if err != nil {
		return counter{}, err
	}
	r, ok := seen.records[subject]
	if !ok {
		return counter{}, nil
	}
	number, id, _ := strings.Cut(string(r.value), " ")
	value, err := strconv.ParseUint(number, 10, 64)
	if err != nil {
		return counter{}, fmt.Errorf("%w: a generation that reads %.60q", persistence.ErrCorrupt, r.value)
	}
	return counter{seq: r.seq, value: value, id: id}, nil
}
