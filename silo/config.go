package silo

import (
	"context"
	"crypto/tls"
	"log/slog"
	"os"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/teff-dev/teff/grain"
	"github.com/teff-dev/teff/internal/cluster"
	"github.com/teff-dev/teff/internal/wire"
	"github.com/teff-dev/teff/persistence"
)

// Config says what a silo hosts and where it lives. The zero value of every field is
// its default.
type Config struct {
	// Grains are the types it hosts. A silo may host none: it then only calls.
	Grains []grain.Kind

	// Cluster is the cluster's name, of a-z, 0-9, '_' and '-': "teff".
	Cluster string

	// Name is the silo's name for people: the host's name.
	Name string

	// NATS is the URL of an outside NATS server; commas separate several. Empty: the
	// silo embeds a server.
	NATS string

	// NATSOptions are added to the connection's: credentials, TLS.
	NATSOptions []nats.Option

	// Listen is the embedded server's HOST:PORT: "127.0.0.1:0", a free port on
	// loopback. Anyone who reaches it may call any grain.
	Listen string

	// ListenTLS is what the embedded server's clients must speak; nil: no TLS.
	ListenTLS *tls.Config

	// Mesh makes the embedded servers of several silos one NATS cluster; nil: the silo is
	// alone, or on an outside server.
	Mesh *Mesh

	// DataDir is where the embedded server and Badger keep their files: "teff-data".
	DataDir string

	// Store is where state lives: Badger in DataDir, or JetStream in a mesh. A Store given
	// here is the caller's to close.
	Store persistence.Store

	// OpenStore opens the store once the silo is connected to NATS; the silo closes it. It
	// is for stores that live in NATS, such as natsstore.Opener(natsstore.Options{}).
	OpenStore func(ctx context.Context, nc *nats.Conn, cluster string) (persistence.Store, error)

	// Partitions is into how many parts each type is divided, for the life of the
	// cluster and of its data: 1024; at most 16384.
	Partitions int

	// Labels are what an operator says about the silo: its zone, its version.
	Labels map[string]string

	// Replicas is on how many NATS servers the cluster's records are kept: 1, or 3 in a mesh
	// of three and more. On an outside NATS cluster set it to 3.
	Replicas int

	// Heartbeat is from one sign of life to the next. Six without an answer, and the silo
	// stops by itself; a little later others take over. 0.5 s, or 3 s where Replicas is
	// more than one, since a NATS cluster may take 9 s to find a new leader.
	Heartbeat time.Duration

	// CallTimeout is the deadline of a call whose caller sets none: 30 s. A method that ignores
	// its context keeps such a caller beyond it, if that is in this process and its context
	// cannot be cancelled either.
	CallTimeout time.Duration

	// IdleAfter is how long an activation goes without a call before it leaves memory:
	// 15 min. A negative age means never.
	IdleAfter time.Duration

	// IdleScan is how often idle activations are looked for: 1 min.
	IdleScan time.Duration

	// HookTimeout limits OnActivate, the loading of state, and OnDeactivate: 30 s each.
	HookTimeout time.Duration

	// DrainTimeout is how long Stop lets turns finish before it cancels them: 10 s.
	DrainTimeout time.Duration

	// MaxActivations caps the activations in memory: 2,000,000. At the cap the coldest
	// idle ones make room; where none is idle, calls to new keys are answered
	// RESOURCE_EXHAUSTED.
	MaxActivations int

	// ReplyPrefixes are prefixes of reply subjects to answer beside "_INBOX." and
	// "_R_.", for clients with an inbox prefix of their own. Other replies are dropped
	// and counted: a caller must not make a silo publish where the caller may not.
	ReplyPrefixes []string

	// Logger gets what an operator should know: slog.Default().
	Logger *slog.Logger
}

const (
	defaultCluster        = "teff"
	defaultListen         = "127.0.0.1:0"
	defaultDataDir        = "teff-data"
	defaultPartitions     = 1024
	maxPartitions         = 16384
	maxReplicas           = 5 // of a JetStream stream
	defaultCallTimeout    = 30 * time.Second
	defaultIdleAfter      = 15 * time.Minute
	defaultIdleScan       = time.Minute
	defaultHookTimeout    = 30 * time.Second
	defaultDrainTimeout   = 10 * time.Second
	defaultMaxActivations = 2_000_000
	defaultMailbox        = 1024
)

// withDefaults fills in what is zero.
func (c Config) withDefaults() Config {
	if c.Name == "" {
		c.Name, _ = os.Hostname() // a name for people may be missing
	}
	setDefault(&c.Cluster, defaultCluster)
	setDefault(&c.Listen, defaultListen)
	setDefault(&c.DataDir, defaultDataDir)
	setDefault(&c.Partitions, defaultPartitions)
	setDefault(&c.CallTimeout, defaultCallTimeout)
	setDefault(&c.IdleAfter, defaultIdleAfter)
	setDefault(&c.IdleScan, defaultIdleScan)
	setDefault(&c.HookTimeout, defaultHookTimeout)
	setDefault(&c.DrainTimeout, defaultDrainTimeout)
	setDefault(&c.MaxActivations, defaultMaxActivations)
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	c.fill()
	setDefault(&c.Replicas, 1)
	return c
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// check says what is wrong with a configuration that has its defaults.
func (c Config) check() error {
	if _, err := wire.NewNames(c.Cluster); err != nil {
		return err
	}
	if c.Partitions < 1 || c.Partitions > maxPartitions {
		return grain.Errorf(grain.CodeInvalidArgument, "Config.Partitions is %d: it is from 1 to %d, and stays the same for the life of the data", c.Partitions, maxPartitions)
	}
	if c.Replicas < 1 || c.Replicas > maxReplicas {
		return grain.Errorf(grain.CodeInvalidArgument, "Config.Replicas is %d: it is from 1 to %d", c.Replicas, maxReplicas)
	}
	if c.Store != nil && c.OpenStore != nil {
		return grain.Errorf(grain.CodeInvalidArgument, "Config.Store and Config.OpenStore are both set: give one of them")
	}
	durations := []struct {
		name  string
		value time.Duration
	}{
		{"Heartbeat", c.Heartbeat},
		{"CallTimeout", c.CallTimeout},
		{"IdleScan", c.IdleScan},
		{"HookTimeout", c.HookTimeout},
		{"DrainTimeout", c.DrainTimeout},
	}
	for _, d := range durations {
		if d.value < 0 {
			return grain.Errorf(grain.CodeInvalidArgument, "Config.%s is %s: it cannot be negative", d.name, d.value)
		}
	}
	if c.MaxActivations < 0 {
		return grain.Errorf(grain.CodeInvalidArgument, "Config.MaxActivations is %d: it cannot be negative", c.MaxActivations)
	}
	if err := c.checkMesh(); err != nil {
		return err
	}
	return c.checkGrains()
}

func (c Config) checkGrains() error {
	seen := make(map[string]bool, len(c.Grains))
	for _, k := range c.Grains {
		spec := grain.SpecOf(k)
		if spec == nil {
			return grain.Errorf(grain.CodeInvalidArgument, "Config.Grains has a zero Kind: generated code makes kinds, such as AccountKind(newAccount)")
		}
		if spec.Err != nil {
			return spec.Err
		}
		if seen[spec.Service.Type] {
			return grain.Errorf(grain.CodeInvalidArgument, "Config.Grains has %s twice", spec.Service.Type)
		}
		seen[spec.Service.Type] = true
		if err := (grain.ID{Type: spec.Service.Type, Key: "x"}).Validate(); err != nil {
			return err
		}
	}
	return nil
}

// timing is how fast the cluster notices.
func (c Config) timing() cluster.Timing {
	switch {
	case c.Heartbeat > 0:
		lease := 6 * c.Heartbeat
		return cluster.Timing{Heartbeat: c.Heartbeat, Lease: lease, Takeover: lease + lease/5}
	case c.Replicas > 1:
		return cluster.Replicated()
	default:
		return cluster.Single()
	}
}

// settle is for how long members must stay the same before shards move: a heartbeat, and
// not more than half a second.
func (c Config) settle() time.Duration {
	return min(c.timing().Heartbeat, 500*time.Millisecond)
}
