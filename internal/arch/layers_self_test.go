package arch

import (
	"slices"
	"strings"
	"testing"
)

// wantBreach checks that there is one sentence, and that it has all the parts.
func wantBreach(t *testing.T, g graph, parts ...string) {
	t.Helper()
	got := check(table(), bans(), g)
	if len(got) != 1 {
		t.Fatalf("%v: got %d sentences, want 1: %q", g, len(got), got)
	}
	for _, part := range parts {
		if !strings.Contains(got[0], part) {
			t.Errorf("%v: the sentence does not say %q: %s", g, part, got[0])
		}
	}
}

func TestTheHeightsAreKept(t *testing.T) {
	for _, c := range []struct{ from, to string }{
		{"./protos/teff/v1", "./grain"},
		{"./internal/seam", "./grain"},
		{"./internal/turn", "./internal/seam"}, // beside each other
		{"./grain", "./grain/grainrt"},
		{"./internal/wire", "./internal/bus"},
		{"./internal/core/placement", "./persistence"},
		{"./grain/graintest", "./persistence/memstore"},
		{"./internal/bus", "./internal/cluster"},
		{"./internal/cluster", "./internal/route"},
		{"./persistence/memstore", "./persistence/badgerstore"},
		{"./internal/route", "./client"},
		{"./silo", "./client"},
		{"./silo", "./silo/silotest"},
		{"./silo/silotest", "./samples/bank"},
		{"./gateway", "./cmd/teff"},
	} {
		wantBreach(t, graph{c.from: {"fmt", c.to}}, c.from, c.to, "imports point down only")
	}
}

func TestAPackageWithoutARowFails(t *testing.T) {
	wantBreach(t, graph{"./internal/helpers": {"fmt"}}, "./internal/helpers", "no row")
	wantBreach(t, graph{"./silo/other": nil}, "./silo/other", "no row") // a row is no tree by itself
}

// Each ban is broken directly and, where it says so, by way of another package.
func TestEveryBanIsKept(t *testing.T) {
	for _, b := range bans() {
		who := strings.TrimSuffix(b.who, "/...")
		if b.who == "./internal/core/..." {
			who = "./internal/core/membership"
		}
		for _, pattern := range b.never {
			banned := strings.TrimSuffix(pattern, "/...")
			g := graph{who: {"fmt", banned}}
			if got := check(nil, []ban{b}, g); !breaks(got, b, who+" imports "+banned) {
				t.Errorf("%v breaks the ban of %s, and the check says %q", g, pattern, got)
			}
			g = graph{who: {"./a"}, "./a": {"./b"}, "./b": {banned}}
			got := check(nil, []ban{b}, g)
			if want := b.via; breaks(got, b, "./a imports ./b imports "+banned) != want {
				t.Errorf("%v breaks the ban of %s: want %t, and the check says %q", g, pattern, want, got)
			}
		}
		if b.only != nil {
			g := graph{who: {"fmt", "./silo"}}
			if got := check(nil, []ban{b}, g); !breaks(got, b, "./silo, and may import only") {
				t.Errorf("%v breaks the ban, and the check says %q", g, got)
			}
		}
	}
}

// breaks says whether one of the sentences has the part and the ban's reason.
func breaks(sentences []string, b ban, part string) bool {
	return slices.ContainsFunc(sentences, func(s string) bool { return strings.Contains(s, part) && strings.Contains(s, b.why) })
}

func TestTheRulesOfTheArchitectureByName(t *testing.T) {
	wantBreach(t, graph{"./codegen/compile": {"./persistence"}}, "./codegen/compile", "./persistence", "the generator")
	wantBreach(t, graph{"./client": {"./internal/route"}, "./internal/route": {"github.com/dgraph-io/badger/v4"}},
		"./client imports ./internal/route imports github.com/dgraph-io/badger/v4", "must not link what hosts them")
	wantBreach(t, graph{"./grain/graintest": {"github.com/nats-io/nats.go"}}, "./grain/graintest", "links neither")
	wantBreach(t, graph{"./internal/core/sim": {"os"}}, "./internal/core/sim imports os", "a core decides")
}

func TestWhatIsAllowedIsAllowed(t *testing.T) {
	got := check(table(), bans(), graph{
		"./protos/teff/v1":          {"google.golang.org/protobuf/proto"},
		"./internal/seam":           {"./protos/teff/v1", "time"},
		"./internal/turn":           {"context"},
		"./grain":                   {"./internal/seam", "./internal/turn"},
		"./grain/grainrt":           {"./grain", "./internal/seam"},
		"./grain/graintest":         {"./grain/grainrt", "./internal/turn", "./internal/outcome", "testing"},
		"./internal/outcome":        {"./grain"},
		"./internal/wire":           {"./grain"},
		"./internal/core/sim":       {"./internal/core/membership", "time"},
		"./persistence/memstore":    {"./persistence", "./persistence/internal/rowkey"},
		"./internal/bus":            {"github.com/nats-io/nats.go"},
		"./internal/cluster":        {"./internal/bus", "./internal/core/membership"},
		"./internal/route":          {"./internal/cluster", "./internal/bus", "./internal/wire"},
		"./client":                  {"./internal/route", "github.com/nats-io/nats.go"},
		"./codegen/compile":         {"./codegen", "./protos", "github.com/bufbuild/protocompile"},
		"./silo":                    {"./internal/route", "./persistence/badgerstore"},
		"./silo/silotest":           {"./silo"},
		"./cmd/teff":                {"./codegen/compile", "./silo", "./client"},
		"./samples/bank":            {"./samples/bank/bank/v1", "./silo"},
		"./samples/bank/bank/v1":    {"./grain/grainrt"},
		"./internal/probe/probe/v1": {"./grain/grainrt"},
	})
	for _, sentence := range got {
		t.Error(sentence)
	}
}
