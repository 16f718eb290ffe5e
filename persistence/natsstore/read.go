package natsstore

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/teff-dev/teff/persistence"
)

// A place is a record's subject and its shard.
type place struct {
	shard   persistence.Shard
	subject string
}

// A sight is what a read saw. What is not in its maps was not there.
type sight struct {
	records map[string]row
	guards  map[persistence.Shard]guard
	last    uint64 // the stream's last sequence then, or 0 when nothing was found
}

// A row is the last message of a record's subject.
type row struct {
	seq   uint64
	value []byte
	gone  bool // it is the marker of a deletion
}

const (
	// readMost and readBytes are the most subjects in one request, and their bytes. The
	// server answers at most 1024.
	readMost  = 256
	readBytes = 256 << 10

	// answerBytes is where the server ends an answer early.
	answerBytes = 8 << 20
)

// read reads the records at places, and the guards of their shards and of the shards
// besides. Each request sees records and guards at one moment, between commits, on a
// replica that has seen at least the guards that this store knows and the stream's
// sequence atLeast.
func (s *Store) read(ctx context.Context, places []place, besides []persistence.Shard, atLeast uint64) (sight, error) {
	all := sight{records: make(map[string]row), guards: make(map[persistence.Shard]guard)}
	for len(places) > 0 || len(besides) > 0 {
		q := s.newQuestion()
		for len(places) > 0 && q.room() {
			q.addPlace(places[0])
			places = places[1:]
		}
		for len(besides) > 0 && q.room() {
			q.addShard(besides[0])
			besides = besides[1:]
		}
		for len(q.subjects) > 0 {
			seen, rest, err := s.readFresh(ctx, q, atLeast)
			if err != nil {
				return sight{}, err
			}
			all.add(seen)
			q = rest
		}
	}
	return all, nil
}

func (all *sight) add(seen sight) {
	maps.Copy(all.records, seen.records)
	maps.Copy(all.guards, seen.guards)
	all.last = max(all.last, seen.last)
}

// A question is one request's subjects.
type question struct {
	layout   layout
	subjects []string
	bytes    int
	places   []place
	shards   map[string]persistence.Shard // by fence subject
}

func (s *Store) newQuestion() question {
	return question{layout: s.layout, shards: make(map[string]persistence.Shard)}
}

func (q *question) room() bool { return len(q.subjects) < readMost && q.bytes < readBytes }

func (q *question) addPlace(p place) {
	q.places = append(q.places, p)
	q.add(p.subject)
	q.addShard(p.shard)
}

func (q *question) addShard(shard persistence.Shard) {
	subject := q.layout.fence(shard)
	if _, ok := q.shards[subject]; !ok {
		q.shards[subject] = shard
		q.add(subject)
	}
}

func (q *question) add(subject string) {
	q.subjects = append(q.subjects, subject)
	q.bytes += len(subject)
}

// readFresh asks until a replica answers that is new enough. What the answer had no
// room for is in rest.
func (s *Store) readFresh(ctx context.Context, q question, atLeast uint64) (seen sight, rest question, err error) {
	known := make(map[persistence.Shard]uint64, len(q.shards))
	for _, shard := range q.shards {
		g, _ := s.guards.get(shard)
		known[shard] = g.seq
	}
	var behind error
	for attempt := 0; ; attempt++ {
		seen, rest, err = s.ask(ctx, q)
		if err == nil {
			if behind = seen.covers(known, atLeast); behind == nil {
				break
			}
			err = behind
		}
		if errors.Is(err, persistence.ErrCorrupt) || s.nc.IsClosed() {
			return sight{}, question{}, err
		}
		if ended := pause(ctx, attempt); ended != nil {
			return sight{}, question{}, fmt.Errorf("%w: %w", ended, cmp.Or(behind, err))
		}
	}
	for _, shard := range q.shards {
		s.guards.put(shard, seen.guards[shard], seen.last)
	}
	return seen, rest, nil
}

// covers says how the sight is older than what is known.
func (seen sight) covers(known map[persistence.Shard]uint64, atLeast uint64) error {
	for shard, seq := range known {
		if got := seen.guards[shard].seq; got < seq {
			return fmt.Errorf("a server answers from before sequence %d, which was acknowledged, for %s: it is behind, or has lost what it acknowledged", seq, shard)
		}
	}
	if seen.last < atLeast {
		return fmt.Errorf("a server answers from before sequence %d, which was acknowledged", atLeast)
	}
	return nil
}

// ask asks one replica once.
func (s *Store) ask(ctx context.Context, q question) (sight, question, error) {
	ctx, cancel := context.WithTimeout(ctx, replyWait)
	defer cancel()
	payload, err := json.Marshal(struct {
		Subjects []string `json:"multi_last"`
		MaxBytes int      `json:"max_bytes"`
	}{q.subjects, answerBytes})
	if err != nil {
		return sight{}, question{}, err
	}
	a, err := s.replies.request(ctx, "$JS.API.DIRECT.GET."+s.layout.stream(), payload)
	if err != nil {
		return sight{}, question{}, err
	}
	seen, err := q.understand(a)
	if err != nil {
		return sight{}, question{}, err
	}
	rest := s.newQuestion()
	if pending := a.end.Header.Get("Nats-Num-Pending"); pending != "" && pending != "0" {
		for _, p := range q.places {
			if _, ok := seen.records[p.subject]; !ok {
				rest.addPlace(p)
			}
		}
		for _, shard := range q.shards {
			if _, ok := seen.guards[shard]; !ok {
				rest.addShard(shard)
			}
		}
	}
	return seen, rest, nil
}

// understand reads an answer.
func (q question) understand(a *answer) (sight, error) {
	seen := sight{records: make(map[string]row), guards: make(map[persistence.Shard]guard)}
	switch status, text := a.end.Header.Get("Status"), a.end.Header.Get("Description"); {
	case status == "404" && text == "No Results":
		return seen, nil
	case status == "503":
		return sight{}, fmt.Errorf("no server answers for the stream: %w", nats.ErrNoResponders)
	case status != "204":
		return sight{}, fmt.Errorf("the server answers %s %s", status, text)
	}
	var err error
	if seen.last, err = strconv.ParseUint(a.end.Header.Get("Nats-UpTo-Sequence"), 10, 64); err != nil {
		return sight{}, fmt.Errorf("the server's answer has no sequence: %w", err)
	}
	for _, m := range a.messages {
		seq, err := strconv.ParseUint(m.Header.Get("Nats-Sequence"), 10, 64)
		if err != nil {
			return sight{}, fmt.Errorf("a message without a sequence: %w", err)
		}
		subject := m.Header.Get("Nats-Subject")
		shard, ok := q.shards[subject]
		if !ok {
			seen.records[subject] = row{seq: seq, value: m.Data, gone: m.Header.Get(goneHeader) != ""}
			continue
		}
		if seen.guards[shard], err = parseGuard(seq, m.Data); err != nil {
			return sight{}, fmt.Errorf("shard %s: %w", shard, err)
		}
	}
	return seen, nil
}

// pause waits a little longer with each attempt, up to 64 ms, or returns the context's
// error.
func pause(ctx context.Context, attempt int) error {
	most := time.Millisecond << min(attempt, 6)
	t := time.NewTimer(most/2 + rand.N(most/2))
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
