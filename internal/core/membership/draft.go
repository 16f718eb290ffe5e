package membership

import (
	"maps"
	"slices"
)

// A draft is the view that a node would like to be next. What it shares with the view it
// began as is copied before it is changed.
type draft struct {
	View
	base    *View
	copied  map[string]bool // tables that are the draft's own
	changed bool
	shared  bool // mutant: tables that look alike are one
}

func newDraft(base *View, mutant Mutant) *draft {
	d := &draft{View: *base, base: base, copied: make(map[string]bool), shared: mutant == MutantTypesShareTables}
	d.Members = slices.Clone(base.Members)
	d.Tables = maps.Clone(base.Tables)
	if d.Tables == nil {
		d.Tables = make(map[string]*Table)
	}
	return d
}

// epoch is the draft's, once it is a view.
func (d *draft) epoch() uint64 { return d.base.Epoch + 1 }

// own returns the type's table, to be changed.
func (d *draft) own(typ string) *Table {
	d.changed = true
	t := d.Tables[typ]
	switch {
	case t == nil:
		t = &Table{
			Owner: make([]string, d.Partitions),
			Next:  make([]string, d.Partitions),
			Since: make([]uint64, d.Partitions),
		}
	case d.copied[typ]:
		return t
	default:
		old := t
		t = &Table{Owner: slices.Clone(t.Owner), Next: slices.Clone(t.Next), Since: slices.Clone(t.Since)}
		if d.shared {
			d.moveTogether(old, t)
		}
	}
	d.Tables[typ], d.copied[typ] = t, true
	return t
}

// moveTogether is the mutant of a record that keeps equal tables once and forgets that
// they are several.
func (d *draft) moveTogether(old, now *Table) {
	for typ, t := range d.Tables {
		if t != old && slices.Equal(t.Owner, old.Owner) {
			d.Tables[typ], d.copied[typ] = now, true
		}
	}
}

// give makes to the owner of a shard, or nobody. Every change of an owner is made here.
func (d *draft) give(s Shard, to string) {
	t := d.own(s.Type)
	t.Owner[s.Partition], t.Next[s.Partition], t.Since[s.Partition] = to, "", d.epoch()
	if to != "" {
		d.Open = true
	}
}

// plan makes to the next owner of a shard, or takes such a plan back.
func (d *draft) plan(s Shard, to string) {
	if t := d.table(s.Type); t.Next[s.Partition] != to {
		d.own(s.Type).Next[s.Partition] = to
	}
}

// join adds a member.
func (d *draft) join(m Member) {
	m.State, m.Joined = Active, d.epoch()
	d.Members = append(d.Members, m)
	d.changed = true
}

// setState changes what a member is to get.
func (d *draft) setState(incarnation string, state MemberState) {
	if i := d.index(incarnation); i >= 0 && d.Members[i].State != state {
		d.Members[i].State = state
		d.changed = true
	}
}

// remove takes a member out, its shards from it, and every plan that names it back: a
// shard that went to it afterwards would be nobody's.
func (d *draft) remove(incarnation string, keepPlans bool) {
	i := d.index(incarnation)
	if i < 0 {
		return
	}
	d.Members = slices.Delete(d.Members, i, i+1)
	d.changed = true
	d.each(func(s Shard, owner, next string) {
		if owner == incarnation {
			d.give(s, "")
		}
		if next == incarnation && !keepPlans {
			d.plan(s, "")
		}
	})
}

// each calls f for all shards as they are now; f may change the one it is called for.
func (d *draft) each(f func(s Shard, owner, next string)) {
	for _, typ := range slices.Sorted(maps.Keys(d.Tables)) {
		for p := range d.Partitions {
			t := d.Tables[typ]
			f(Shard{typ, p}, t.Owner[p], t.Next[p])
		}
	}
}

// view makes a view of the draft.
func (d *draft) view(id uint64) *View {
	v := d.View
	v.Epoch, v.Parent, v.ID = d.epoch(), d.base.ID, id
	return &v
}
