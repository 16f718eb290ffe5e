package cluster

import (
	"fmt"
	"slices"

	"google.golang.org/protobuf/proto"

	"github.com/teff-dev/teff/grain"
	"github.com/teff-dev/teff/internal/core/membership"
	"github.com/teff-dev/teff/internal/wire"
	teffv1 "github.com/teff-dev/teff/protos/teff/v1"
)

// features are what this release knows of what a view may require.
func features() []string { return nil }

// EncodeView makes a record of a view. Tables that are alike are written once; that is how
// they are written, and nothing else.
func EncodeView(cluster string, v *membership.View) (*teffv1.View, error) {
	record := new(teffv1.View)
	if err := proto.Unmarshal(v.Extra, record); err != nil {
		return nil, fmt.Errorf("what the view says beside: %w", err)
	}
	record.Cluster, record.WireVersion = cluster, wire.Version
	record.Generation, record.Epoch, record.Id, record.Parent = v.Generation, v.Epoch, v.ID, v.Parent
	record.Open, record.Partitions = v.Open, uint32(v.Partitions)
	record.RequiredFeatures = v.Features
	place := make(map[string]uint32, len(v.Members))
	for i, m := range v.Members {
		place[m.Incarnation] = uint32(i + 1)
		member := new(teffv1.Member)
		if err := proto.Unmarshal(m.Meta, member); err != nil {
			return nil, fmt.Errorf("what the view says of %s: %w", m.Incarnation, err)
		}
		member.Incarnation, member.Types, member.Joined = m.Incarnation, m.Types, m.Joined
		member.State = teffv1.MemberState(m.State)
		record.Members = append(record.Members, member)
	}
	record.Tables = encodeTables(v, place)
	return record, nil
}

func encodeTables(v *membership.View, place map[string]uint32) []*teffv1.Table {
	var tables []*teffv1.Table
	var kept []*membership.Table
	types := make([]string, 0, len(v.Tables))
	for typ := range v.Tables {
		types = append(types, typ)
	}
	slices.Sort(types)
	for _, typ := range types {
		t := v.Tables[typ]
		at := slices.IndexFunc(kept, func(k *membership.Table) bool { return k == t || alike(k, t) })
		if at >= 0 {
			tables[at].Types = append(tables[at].Types, typ)
			continue
		}
		kept = append(kept, t)
		table := encodeTable(t, place)
		table.Types = []string{typ}
		tables = append(tables, table)
	}
	return tables
}

func alike(a, b *membership.Table) bool {
	return slices.Equal(a.Owner, b.Owner) && slices.Equal(a.Next, b.Next) && slices.Equal(a.Since, b.Since)
}

func encodeTable(t *membership.Table, place map[string]uint32) *teffv1.Table {
	table := &teffv1.Table{Owner: make([]uint32, len(t.Owner)), Since: make([]uint32, len(t.Since))}
	next, moves := make([]uint32, len(t.Next)), false
	epochs := make(map[uint64]uint32)
	for p := range t.Owner {
		table.Owner[p], next[p] = place[t.Owner[p]], place[t.Next[p]]
		moves = moves || next[p] != 0
		at, ok := epochs[t.Since[p]]
		if !ok {
			at = uint32(len(table.Epochs))
			epochs[t.Since[p]] = at
			table.Epochs = append(table.Epochs, t.Since[p])
		}
		table.Since[p] = at
	}
	if moves {
		table.Next = next
	}
	return table
}

// DecodeView reads a record. What it says and this release does not know is carried
// along; what it requires and this release does not know is FAILED_PRECONDITION.
func DecodeView(record *teffv1.View) (*membership.View, error) {
	for _, f := range record.GetRequiredFeatures() {
		if !slices.Contains(features(), f) {
			return nil, grain.Errorf(grain.CodeFailedPrecondition, "the cluster requires %q, which this release does not know: update it", f)
		}
	}
	v := &membership.View{
		Generation: record.GetGeneration(),
		Epoch:      record.GetEpoch(),
		ID:         record.GetId(),
		Parent:     record.GetParent(),
		Open:       record.GetOpen(),
		Partitions: int(record.GetPartitions()),
		Features:   record.GetRequiredFeatures(),
		Extra:      record.ProtoReflect().GetUnknown(),
		Tables:     make(map[string]*membership.Table, len(record.GetTables())),
	}
	for _, m := range record.GetMembers() {
		meta, err := proto.Marshal(m)
		if err != nil {
			return nil, fmt.Errorf("what the view says of %s: %w", m.GetIncarnation(), err)
		}
		v.Members = append(v.Members, membership.Member{
			Incarnation: m.GetIncarnation(),
			State:       membership.MemberState(m.GetState()),
			Joined:      m.GetJoined(),
			Types:       m.GetTypes(),
			Meta:        meta,
		})
	}
	for _, table := range record.GetTables() {
		for _, typ := range table.GetTypes() {
			t, err := decodeTable(v, table)
			if err != nil {
				return nil, fmt.Errorf("the table of %s: %w", typ, err)
			}
			v.Tables[typ] = t
		}
	}
	return v, nil
}

func decodeTable(v *membership.View, table *teffv1.Table) (*membership.Table, error) {
	n := v.Partitions
	if len(table.GetOwner()) != n || len(table.GetSince()) != n || len(table.GetNext()) != n && len(table.GetNext()) != 0 {
		return nil, fmt.Errorf("it has %d owners, %d next and %d since, and there are %d partitions",
			len(table.GetOwner()), len(table.GetNext()), len(table.GetSince()), n)
	}
	t := &membership.Table{Owner: make([]string, n), Next: make([]string, n), Since: make([]uint64, n)}
	for p := range n {
		owner, err := member(v, table.GetOwner()[p])
		if err != nil {
			return nil, err
		}
		t.Owner[p] = owner
		if len(table.GetNext()) != 0 {
			if t.Next[p], err = member(v, table.GetNext()[p]); err != nil {
				return nil, err
			}
		}
		at := table.GetSince()[p]
		if int(at) >= len(table.GetEpochs()) {
			return nil, fmt.Errorf("partition %d has its owner since an epoch that is not there", p)
		}
		t.Since[p] = table.GetEpochs()[at]
	}
	return t, nil
}

// member returns the member at a place counted from 1; 0 is nobody.
func member(v *membership.View, place uint32) (string, error) {
	switch {
	case place == 0:
		return "", nil
	case int(place) > len(v.Members):
		return "", fmt.Errorf("member %d of %d owns a partition", place, len(v.Members))
	default:
		return v.Members[place-1].Incarnation, nil
	}
}

// encode makes the bytes of a record.
func encode(cluster string, r membership.Record) ([]byte, error) {
	if r.View != nil {
		record, err := EncodeView(cluster, r.View)
		if err != nil {
			return nil, err
		}
		return proto.Marshal(record)
	}
	return proto.Marshal(&teffv1.Beat{
		Number:     r.Beat.Number,
		Dead:       r.Beat.Dead,
		Generation: r.Beat.Generation,
		Epoch:      r.Beat.Epoch,
	})
}

// decode is the inverse of encode.
func decode(key membership.Key, data []byte) (membership.Record, error) {
	if key == membership.ViewKey {
		record := new(teffv1.View)
		if err := proto.Unmarshal(data, record); err != nil {
			return membership.Record{}, fmt.Errorf("the view: %w", err)
		}
		v, err := DecodeView(record)
		return membership.Record{View: v}, err
	}
	beat := new(teffv1.Beat)
	if err := proto.Unmarshal(data, beat); err != nil {
		return membership.Record{}, fmt.Errorf("the heartbeat of %s: %w", key, err)
	}
	return membership.Record{Beat: &membership.Beat{
		Number:     beat.GetNumber(),
		Dead:       beat.GetDead(),
		Generation: beat.GetGeneration(),
		Epoch:      beat.GetEpoch(),
	}}, nil
}
