package sim

import (
	"github.com/teff-dev/teff/internal/core/membership"
)

// accepted is told of each write that the records have taken.
func (w *world) accepted(writer string, key membership.Key, before, after membership.Record) {
	if key == membership.ViewKey {
		if after.View != nil {
			w.checkView(writer, before.View, after.View)
		}
		return
	}
	if before.Beat != nil && before.Beat.Dead && after.Beat != nil && !after.Beat.Dead {
		w.violate(7, "the tombstone of %s was taken away by %s", key, writer)
	}
	if after.Beat != nil && after.Beat.Dead && !w.dead[string(key)] {
		w.dead[string(key)] = true
		w.counts.Deaths++
		if before.Beat != nil || isMember(w.bucket.now(membership.ViewKey).record.View, string(key)) {
			w.silence(string(key))
		}
	}
}

// silence notes that an incarnation must not act any more. Not every tombstone says so: in
// a new bucket somebody who has not noticed yet may put one where there is no key, for a
// member of the lost one, which may act while its lease runs, since nobody gets its shards
// before that.
func (w *world) silence(incarnation string) {
	w.silenced[incarnation] = true
	w.suspect = true
}

func isMember(v *membership.View, incarnation string) bool {
	if v == nil {
		return false
	}
	_, is := v.Member(incarnation)
	return is
}

// checkView is invariant 2.
func (w *world) checkView(writer string, old, now *membership.View) {
	w.counts.Views++
	if old == nil {
		if now.Generation != 0 || len(now.Members) > 0 || len(now.Tables) > 0 {
			w.violate(2, "%s begins a bucket with a view that is not empty", writer)
		}
		return
	}
	switch {
	case now.Epoch != old.Epoch+1 || now.Parent != old.ID:
		w.violate(2, "%s makes epoch %d of %d", writer, now.Epoch, old.Epoch)
	case old.Generation != 0 && now.Generation != old.Generation:
		w.violate(2, "%s makes generation %d of %d", writer, now.Generation, old.Generation)
	case old.Generation == 0 && now.Generation <= w.generation:
		w.violate(2, "%s gives a bucket generation %d, and there was %d", writer, now.Generation, w.generation)
	}
	w.generation = now.Generation
	id := [2]uint64{now.Generation, now.Epoch}
	if w.views[id] != 0 {
		w.violate(2, "there are two views %v", id)
	}
	w.views[id] = now.ID
	for _, m := range now.Members {
		if w.dead[m.Incarnation] {
			w.silence(m.Incarnation)
		}
	}
	for _, m := range old.Members {
		if _, stays := now.Member(m.Incarnation); !stays && m.Incarnation != writer && !w.dead[m.Incarnation] {
			w.violate(2, "%s takes out %s, which nobody declared dead", writer, m.Incarnation)
		}
	}
	for _, shard := range w.shards {
		w.checkEntry(writer, shard, old, now)
	}
}

// checkEntry is what the view says of one shard.
func (w *world) checkEntry(writer string, shard membership.Shard, old, now *membership.View) {
	was, wasSince := old.Owner(shard)
	is, since := now.Owner(shard)
	next := ""
	if t := now.Tables[shard.Type]; t != nil {
		next = t.Next[shard.Partition]
	}
	for _, named := range []string{is, next} {
		if _, member := now.Member(named); named != "" && !member {
			w.violate(7, "%s names %s for %s, which is no member", writer, named, shardName(shard))
		}
	}
	switch {
	case is == was && since == wasSince:
		return
	case since != now.Epoch || next != "":
		w.violate(2, "%s changes the owner of %s, since %d, next %q, in epoch %d", writer, shardName(shard), since, next, now.Epoch)
	case was != "" && was != writer && !w.dead[was]:
		w.violate(2, "%s takes %s from %s, which is not dead", writer, shardName(shard), was)
	}
	if was == writer {
		w.counts.HandOvers++
	}
}

// checkSame is invariant 2: what a silo holds for a view is what everybody does.
func (w *world) checkSame(h *host, v *membership.View) {
	if v.Generation == 0 {
		return
	}
	if id := [2]uint64{v.Generation, v.Epoch}; w.views[id] != v.ID {
		w.violate(2, "%s holds another view %v than was accepted", h.incarnation, id)
	}
}

// checkTombstone is invariant 9: an outage is not silence. Whoever writes a tombstone has
// been connected, without a break, for as long as it takes, or was told by a supervisor.
func (w *world) checkTombstone(h *host, e membership.Write) {
	if e.Record.Beat == nil || !e.Record.Beat.Dead || w.reaped[string(e.Key)] {
		return
	}
	heard := w.now.since(h.linkedAt)
	if least := takeover() / 1000 * 998; heard < least && w.opts.Mutant != membership.MutantShortTakeover {
		w.violate(9, "%s declares %s dead, and was cut off %v ago", h.incarnation, e.Key, heard)
	}
}
