package cluster_test

import (
	"fmt"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/teff-dev/teff/internal/cluster"
	"github.com/teff-dev/teff/internal/core/membership"
	"github.com/teff-dev/teff/internal/core/placement"
	teffv1 "github.com/teff-dev/teff/protos/teff/v1"
)

// viewOf is a view of silos that host types; with distinct, each type has another table.
func viewOf(tb testing.TB, silos, partitions, types int, moving bool) *membership.View {
	tb.Helper()
	v := &membership.View{Generation: 1, Epoch: 1 << 20, ID: 1 << 60, Open: true, Partitions: partitions, Tables: make(map[string]*membership.Table)}
	var names []string
	for i := range silos {
		m := &teffv1.Member{Incarnation: fmt.Sprintf("ABCDEFGHIJKLMNOPQ%03d", i), Name: fmt.Sprintf("node-%d.example.com", i), Release: "1.0.0", Store: "ABCDEFGHIJKLMNOPQRSTUVWXYZ"}
		for t := range types {
			m.Types = append(m.Types, fmt.Sprintf("example.shop.v1.Grain%02d", t))
		}
		meta, err := proto.Marshal(m)
		if err != nil {
			tb.Fatal(err)
		}
		names = append(names, m.Incarnation)
		v.Members = append(v.Members, membership.Member{Incarnation: m.Incarnation, State: membership.Active, Joined: uint64(1<<20 + i), Types: m.Types, Meta: meta})
	}
	for t := range types {
		hosts := names[:max(1, len(names)-t)]
		table := &membership.Table{Owner: placement.Targets(hosts, partitions), Next: make([]string, partitions), Since: make([]uint64, partitions)}
		for p := range table.Since {
			table.Since[p] = uint64(1<<20 + p%200)
			if moving {
				table.Next[p] = names[0]
			}
		}
		v.Tables[fmt.Sprintf("example.shop.v1.Grain%02d", t)] = table
	}
	return v
}

// How large a view gets. A join is refused where it would be over half of what the NATS
// server takes in a message: 512 kB by default.
func TestSizesOfViews(t *testing.T) {
	for _, c := range []struct {
		partitions, types, limit int
	}{{1024, 1, 12 << 10}, {1024, 10, 48 << 10}, {16384, 1, 64 << 10}, {16384, 10, 512 << 10}} {
		for _, moving := range []bool{false, true} {
			v := viewOf(t, 50, c.partitions, c.types, moving)
			record, err := cluster.EncodeView("teff", v)
			if err != nil {
				t.Fatal(err)
			}
			size := proto.Size(record)
			t.Logf("50 silos, %5d partitions, %2d distinct tables, moving %v: %d bytes", c.partitions, c.types, moving, size)
			if !moving && size > c.limit {
				t.Errorf("that is more than %d", c.limit)
			}
			back, err := cluster.DecodeView(record)
			if err != nil {
				t.Fatal(err)
			}
			again, err := cluster.EncodeView("teff", back)
			if err != nil || !proto.Equal(record, again) {
				t.Errorf("it does not come back as it was: %v", err)
			}
		}
	}
}

// Tables that are alike are written once, and read as several: a change of one type's
// leaves the others'.
func TestTablesThatAreAlikeStaySeveral(t *testing.T) {
	v := viewOf(t, 1, 64, 3, false)
	record, err := cluster.EncodeView("teff", v)
	if err != nil || len(record.GetTables()) != 1 || len(record.GetTables()[0].GetTypes()) != 3 {
		t.Fatalf("got %v, %v", record.GetTables(), err)
	}
	back, err := cluster.DecodeView(record)
	if err != nil {
		t.Fatal(err)
	}
	back.Tables["example.shop.v1.Grain00"].Owner[5] = ""
	if back.Tables["example.shop.v1.Grain01"].Owner[5] == "" {
		t.Error("a change of one type's table changed another's")
	}
}

// What a record says that this release does not know is carried along.
func TestUnknownFieldsAreCarriedAlong(t *testing.T) {
	record, err := cluster.EncodeView("teff", viewOf(t, 2, 16, 1, false))
	if err != nil {
		t.Fatal(err)
	}
	later := []byte{0xf8, 0x07, 0x2a} // field 127, varint 42
	record.ProtoReflect().SetUnknown(later)
	record.Members[1].ProtoReflect().SetUnknown(later)
	v, err := cluster.DecodeView(record)
	if err != nil {
		t.Fatal(err)
	}
	back, err := cluster.EncodeView("teff", v)
	if err != nil || string(back.ProtoReflect().GetUnknown()) != string(later) || string(back.Members[1].ProtoReflect().GetUnknown()) != string(later) {
		t.Errorf("they were lost: %v, %v", back, err)
	}
	record.RequiredFeatures = []string{"time-travel"}
	if _, err := cluster.DecodeView(record); err == nil {
		t.Error("a view that requires what is not known was accepted")
	}
}
