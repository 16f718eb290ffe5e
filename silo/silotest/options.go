package silotest

import (
	"time"

	"github.com/teff-dev/teff/grain"
	"github.com/teff-dev/teff/silo"
)

// defaultHeartbeat is ten times as fast as a cluster's own default, and still lets a busy
// machine hold its breath: a silo stops by itself after six of them.
const defaultHeartbeat = 50 * time.Millisecond

// An Option changes what New makes.
type Option func(*settings)

type settings struct {
	silos     int
	grains    []grain.Kind
	heartbeat time.Duration
	edits     []func(*silo.Config)
}

// Silos is how many there are to begin with: 3.
func Silos(n int) Option { return func(s *settings) { s.silos = n } }

// Grains are the types that every silo hosts.
func Grains(kinds ...grain.Kind) Option {
	return func(s *settings) { s.grains = append(s.grains, kinds...) }
}

// Heartbeat is the silos' Config.Heartbeat: 50 ms. All else follows from it: a silo that is
// cut off stops after six of them, and others take over after 7.2. On a machine that may
// be busy for longer than that, give more.
func Heartbeat(d time.Duration) Option { return func(s *settings) { s.heartbeat = d } }

// Config changes each silo's configuration before it starts. Its Name is silo-0, silo-1
// and so on, by which an edit can tell them apart. NATS, Server and NATSOptions are
// the cluster's own.
func Config(edit func(*silo.Config)) Option {
	return func(s *settings) { s.edits = append(s.edits, edit) }
}
