package arch

// A row is packages of one height. They may import what stands in the rows before, and
// nothing else of the module; a pattern that ends in /... is a tree, whose packages may
// also import each other.
type row struct {
	level string
	trees []string
}

// table is the levels of the architecture, lowest first. A package that is not here
// fails the test; a row may name packages that do not exist yet.
func table() []row {
	return []row{
		{"L0, generated protos", []string{"./protos/..."}},
		{"L1, the seam below the vocabulary", []string{"./internal/seam", "./internal/turn"}},
		{"L1, the vocabulary", []string{"./grain"}},
		{"L1, what generated code calls", []string{"./grain/grainrt"}},
		{"L2, pure cores and contracts", []string{"./internal/core/...", "./internal/outcome", "./internal/release", "./internal/wire", "./persistence"}},
		{"L2, built on those", []string{"./grain/graintest", "./persistence/internal/..."}},
		{"L3, the bus and local stores", []string{"./internal/bus", "./persistence/badgerstore", "./persistence/memstore", "./persistence/redisstore", "./persistence/storetest"}},
		{"L3, what the bus carries", []string{"./internal/cluster", "./persistence/natsstore", "./persistence/remotestore"}},
		{"L3, routing", []string{"./internal/rig", "./internal/route"}},
		{"L4, hosts, clients, generator", []string{"./client", "./codegen/...", "./silo"}},
		{"L5, on top of hosts", []string{"./dashboard/...", "./gateway/...", "./internal/faults/...", "./internal/probe/...", "./silo/silotest"}},
		{"L5, programs", []string{"./cmd/...", "./internal/arch", "./samples/..."}},
	}
}

// A ban is what the heights alone do not say.
type ban struct {
	who   string   // a pattern
	never []string // patterns of packages of the module, or of others
	only  []string // instead: all that who may import of the module
	via   bool     // by way of other packages of the module, too
	why   string
}

func bans() []ban {
	const (
		nats   = "github.com/nats-io/..."
		badger = "github.com/dgraph-io/..."
		redis  = "github.com/redis/..."
	)
	return []ban{
		{
			who: "./grain/...", never: []string{nats, badger, redis, "./silo/...", "./client"}, via: true,
			why: "a grain, and its unit test, links neither a bus nor a store nor a host",
		},
		{
			who: "./client", never: []string{"./silo/...", badger, redis}, via: true,
			why: "a program that only calls grains must not link what hosts them",
		},
		{
			who: "./codegen/...", only: []string{"./codegen/...", "./grain", "./grain/grainrt", "./internal/release", "./protos/..."},
			why: "the generator knows the vocabulary that it writes, and the release it is of, and nothing that runs it",
		},
		{
			who: "./internal/core/...", never: []string{nats, badger, redis, "net/...", "os/...", "math/rand/...", "crypto/rand"},
			why: "a core decides; time, luck and the outside are its inputs",
		},
		{
			who: "./internal/wire", never: []string{nats, "net/..."}, via: true,
			why: "the wire is names and bytes; connections are the bus's",
		},
		{
			who: "./persistence", never: []string{nats, badger, redis}, via: true,
			why: "the contract of stores links none of them",
		},
	}
}
