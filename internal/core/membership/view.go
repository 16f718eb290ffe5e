package membership

import (
	"maps"
	"slices"
)

// A View is who is in the cluster and who owns what. Views are ordered by (Generation,
// Epoch). A View that a node has given out is never changed.
type View struct {
	Generation uint64 // of the bucket; 0: just created, and nobody may join yet
	Epoch      uint64 // grows by one with every change
	ID, Parent uint64 // random; the view's own and its predecessor's
	Open       bool   // somebody has assigned an owner in this generation
	Partitions int    // of each type, for the life of the cluster
	Members    []Member
	Tables     map[string]*Table // by grain type
	Features   []string          // what every member must know
	Extra      []byte            // what the view's record says beside, carried along
}

// A Member is one incarnation of a silo.
type Member struct {
	Incarnation string
	State       MemberState
	Joined      uint64   // the epoch in which it joined; no two are the same
	Types       []string // the grain types that it hosts, sorted
	Meta        []byte   // what the cluster tells about it and the protocol does not read
}

// A MemberState says what a member is to get.
type MemberState int

// The states.
const (
	Active   MemberState = iota + 1
	Cordoned             // keeps what it has, and gets nothing new
	Leaving              // gives everything away
)

// A Table says who owns the partitions of one grain type. All slices have one element a
// partition.
type Table struct {
	Owner []string // an incarnation, or "": nobody
	Next  []string // who is to own it next, or "": it stays
	Since []uint64 // the epoch since which the owner has it
}

// A Shard is a partition of a grain type.
type Shard struct {
	Type      string
	Partition int
}

// Newer says whether v comes after other, which may be nil.
func (v *View) Newer(other *View) bool {
	if v == nil || other == nil {
		return v != nil
	}
	if v.Generation != other.Generation {
		return v.Generation > other.Generation
	}
	return v.Epoch > other.Epoch
}

// Member finds a member.
func (v *View) Member(incarnation string) (Member, bool) {
	i := v.index(incarnation)
	if i < 0 {
		return Member{}, false
	}
	return v.Members[i], true
}

func (v *View) index(incarnation string) int {
	if v == nil {
		return -1
	}
	return slices.IndexFunc(v.Members, func(m Member) bool { return m.Incarnation == incarnation })
}

// Owner says who owns a shard, and since which epoch; "" is nobody.
func (v *View) Owner(s Shard) (incarnation string, since uint64) {
	t := v.table(s.Type)
	if t == nil || s.Partition < 0 || s.Partition >= len(t.Owner) {
		return "", 0
	}
	return t.Owner[s.Partition], t.Since[s.Partition]
}

func (v *View) table(typ string) *Table {
	if v == nil {
		return nil
	}
	return v.Tables[typ]
}

// Hosts returns the members that may own shards of the type, in the order they joined:
// those that host it and are neither leaving nor, unless everybody is, cordoned.
func (v *View) Hosts(typ string) []string {
	var active, cordoned []string
	for _, m := range v.Members {
		if _, hosts := slices.BinarySearch(m.Types, typ); !hosts {
			continue
		}
		switch m.State {
		case Active:
			active = append(active, m.Incarnation)
		case Cordoned:
			cordoned = append(cordoned, m.Incarnation)
		case Leaving:
		}
	}
	if len(active) == 0 {
		return cordoned
	}
	return active
}

// types are all types that have a table or a host, sorted.
func (v *View) types() []string {
	set := make(map[string]bool, len(v.Tables))
	for typ := range v.Tables {
		set[typ] = true
	}
	for _, m := range v.Members {
		for _, typ := range m.Types {
			set[typ] = true
		}
	}
	return slices.Sorted(maps.Keys(set))
}

// Owns says whether the incarnation owns any shard.
func (v *View) Owns(incarnation string) bool {
	for _, t := range v.Tables {
		if slices.Contains(t.Owner, incarnation) {
			return true
		}
	}
	return false
}
