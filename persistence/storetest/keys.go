package storetest

import (
	"context"
	"fmt"
	"strings"

	"github.com/teff-dev/teff/persistence"
)

// long fills a name up to the greatest length that is allowed.
func long(prefix string) string {
	return prefix + strings.Repeat("x", persistence.MaxName-len(prefix))
}

// hostileTexts are names that separators, wildcards, escapes and terminals trip
// over. All of them are different, and valid.
func hostileTexts() []string {
	return []string{
		"a", "a\x00", "a\x00b", "\x00", "\x00\x00", "\x00\x01", "\x01", "a\x01",
		"\u00ff", "a\u00ff", "\U0010ffff", "a\U0010ffff",
		"a/", "a/b", "/", "//", "..", ".", "../../etc/passwd", "a:b", ":", "a:", "::",
		"a.b", "a|b", "a,b", "a;b", "a#1", "a\\", "a\\0", "a%00", "%2e", "%",
		"*", ">", "a.*", "$SYS.x", "_INBOX.x", "{}", "{a}b", "}{",
		" ", "a ", " a", "\t", "\r\n", "a\r\nSET b", "\"", "'", "`", "';--",
		"\u00e9", "e\u0301", "\u200b", "a\u200b", "\u202eabc", "\ufeff", "\ufffd",
		"A", "0", "-1", "null", "undefined", "NaN",
		long("a"), long("b"), strings.Repeat("\x00", persistence.MaxName), strings.Repeat("\u00e9", persistence.MaxName/2),
	}
}

type hostilePlace struct {
	shard persistence.Shard
	key   persistence.Key
}

// hostilePlaces are all different; joined with a separator, or without, some meet.
func hostilePlaces(texts []string) []hostilePlace {
	var places []hostilePlace
	at := func(s persistence.Shard, grain, name string) {
		places = append(places, hostilePlace{s, persistence.Key{Grain: grain, Name: name}})
	}
	for _, text := range texts {
		at(shard(0), text, "")
		at(shard(0), "a", text)
		if text != "a" {
			at(shard(0), text, text)
		}
		at(persistence.Shard{Type: text}, "b", "")
		at(persistence.Shard{Type: text}, text, "b")
	}
	for _, separator := range []string{"", "/", ":", ".", "#", "|", "\x00", "-", "_", " "} {
		at(shard(0), "x"+separator+"y", "z")
		at(shard(0), "x", "y"+separator+"z")
		at(persistence.Shard{Type: "t" + separator, Partition: 11}, "x", "")
		at(persistence.Shard{Type: "t" + separator + "1", Partition: 1}, "x", "")
	}
	return places
}

// checkHostileKeys: names of any text are kept apart, in each of their places.
func checkHostileKeys(ctx context.Context, h *harness) error {
	texts := hostileTexts()
	f := fence(1, 1)
	places := hostilePlaces(texts)
	revisions := make([]persistence.Revision, len(places))
	for i, p := range places {
		// Expecting no record finds two places that are one.
		r, err := h.put(ctx, p.shard, f, p.key, fmt.Sprint("value ", i), 0)
		if err != nil {
			return fmt.Errorf("commit %.80s of type %.80q: %w", p.key, p.shard.Type, err)
		}
		revisions[i] = r
	}
	for i, p := range places {
		if err := h.holds(ctx, p.shard, p.key, fmt.Append(nil, "value ", i), revisions[i]); err != nil {
			return err
		}
	}
	return h.hostileDeletes(ctx, texts)
}

// hostileDeletes: deleting a grain, or listing a type, finds its own records only.
func (h *harness) hostileDeletes(ctx context.Context, texts []string) error {
	for _, text := range texts {
		listed, err := h.listAll(ctx, persistence.Query{Type: text})
		if err != nil {
			return err
		}
		if len(listed) != 2 {
			return fmt.Errorf("type %.60q has %d records, want 2", text, len(listed))
		}
	}
	before, err := h.listAll(ctx, persistence.Query{Type: testType, KeysOnly: true})
	if err != nil {
		return err
	}
	left := make(map[persistence.Key]bool)
	for _, r := range before {
		left[r.Key] = true
	}
	for _, text := range texts {
		if err := h.store.Delete(ctx, shard(0), fence(1, 1), text); err != nil {
			return fmt.Errorf("delete %.60q: %w", text, err)
		}
		for k := range left {
			if k.Grain == text {
				delete(left, k)
			}
		}
		after, err := h.listAll(ctx, persistence.Query{Type: testType, KeysOnly: true})
		if err != nil {
			return err
		}
		for _, r := range after {
			if !left[r.Key] {
				return fmt.Errorf("delete %.60q left %.60s, or it was listed twice", text, r.Key)
			}
		}
		if len(after) != len(left) {
			return fmt.Errorf("delete %.60q left %d records, want %d", text, len(after), len(left))
		}
	}
	return nil
}

// checkInvalid: requests that make no sense are refused, whatever the fence.
func checkInvalid(ctx context.Context, h *harness) error {
	f := fence(1, 1)
	one := persistence.Write{Key: key("a"), Value: []byte("1")}
	for _, bad := range []string{"", "\xff", "a\xc0\x80", strings.Repeat("x", persistence.MaxName+1)} {
		if err := h.refusesShard(ctx, persistence.Shard{Type: bad}); err != nil {
			return err
		}
		if err := h.refusesKey(ctx, persistence.Key{Grain: bad}); err != nil {
			return err
		}
		if err := wants(h.store.Delete(ctx, shard(0), f, bad), persistence.ErrInvalid, "delete grain %.20q", bad); err != nil {
			return err
		}
		if bad != "" {
			if err := h.refusesKey(ctx, persistence.Key{Grain: "a", Name: bad}); err != nil {
				return err
			}
		}
	}
	_, err := h.store.Commit(ctx, shard(0), f)
	if err := wants(err, persistence.ErrInvalid, "commit of no writes"); err != nil {
		return err
	}
	_, err = h.store.Commit(ctx, shard(0), f, one, one)
	if err := wants(err, persistence.ErrInvalid, "commit of one key twice"); err != nil {
		return err
	}
	many := make([]persistence.Write, 100)
	for i := range many {
		many[i] = persistence.Write{Key: key(fmt.Sprint(i % 99)), Value: []byte("1")}
	}
	_, err = h.store.Commit(ctx, shard(0), f, many...)
	if err := wants(err, persistence.ErrInvalid, "commit of 100 writes, one key twice"); err != nil {
		return err
	}
	_, err = h.store.List(ctx, persistence.Query{Type: testType, Limit: -1})
	if err := wants(err, persistence.ErrInvalid, "list of -1 records"); err != nil {
		return err
	}
	_, err = h.store.List(ctx, persistence.Query{Type: testType, After: "\x00 no cursor"})
	if err := wants(err, persistence.ErrInvalid, "list after what is no cursor"); err != nil {
		return err
	}
	return h.isEmpty(ctx)
}

func (h *harness) refusesShard(ctx context.Context, s persistence.Shard) error {
	f := fence(1, 1)
	if err := wants(h.store.Claim(ctx, f, s), persistence.ErrInvalid, "claim type %.20q", s.Type); err != nil {
		return err
	}
	_, err := h.store.Load(ctx, s, key("a"))
	if err := wants(err, persistence.ErrInvalid, "load of type %.20q", s.Type); err != nil {
		return err
	}
	_, err = h.put(ctx, s, f, key("a"), "1", 0)
	if err := wants(err, persistence.ErrInvalid, "commit to type %.20q", s.Type); err != nil {
		return err
	}
	if err := wants(h.store.Delete(ctx, s, f, "a"), persistence.ErrInvalid, "delete of type %.20q", s.Type); err != nil {
		return err
	}
	_, err = h.store.List(ctx, persistence.Query{Type: s.Type})
	return wants(err, persistence.ErrInvalid, "list of type %.20q", s.Type)
}

func (h *harness) refusesKey(ctx context.Context, k persistence.Key) error {
	_, err := h.store.Load(ctx, shard(0), k)
	if err := wants(err, persistence.ErrInvalid, "load %.20s", k); err != nil {
		return err
	}
	_, err = h.put(ctx, shard(0), fence(1, 1), k, "1", 0)
	return wants(err, persistence.ErrInvalid, "commit %.20s", k)
}
