package main

import (
	"context"
	"fmt"

	"github.com/teff-dev/teff/internal/wire"
)

// NatsConfigCmd is teff nats-config.
type NatsConfigCmd struct {
	Partitions uint32 `default:"1024" placeholder:"N" help:"As silo.Config.Partitions. Default: ${default}."`
	Store      string `default:"/var/lib/nats" placeholder:"DIR" help:"Where the server keeps its files. Default: ${default}."`
}

// Help is the long help of teff nats-config.
func (*NatsConfigCmd) Help() string {
	return "Prints what a NATS server of your own needs for a Teff cluster: JetStream that syncs before it acknowledges, and the mapping of the door to partitions. " +
		"Embedded servers have it already. Include it in the server's configuration."
}

// natsConfig is a NATS server's configuration. A mapping's place is the account of the
// clients; without accounts that is the top.
const natsConfig = `# For the Teff cluster %[1]q, by teff nats-config.
jetstream {
  store_dir: %[2]q
  sync_interval: always # what is acknowledged is on disk
}

# In a configuration with accounts this belongs into the account of silos and callers.
mappings {
  %[3]q: %[4]q
}
`

// natsConfigInfo is the same for programs.
type natsConfigInfo struct {
	Cluster     string `json:"cluster"`
	StoreDir    string `json:"storeDir"`
	Source      string `json:"mappingSource"`
	Destination string `json:"mappingDestination"`
}

// Run prints the configuration.
func (c *NatsConfigCmd) Run(_ context.Context, io streams, g *Globals) error {
	names, err := wire.NewNames(g.Cluster)
	if err != nil {
		return usage("--cluster: %s", sentence(err))
	}
	const most = 16384
	if c.Partitions < 1 || c.Partitions > most {
		return usage("--partitions: it is from 1 to %d", most)
	}
	from, to := names.PartitionMapping(c.Partitions)
	if g.json() {
		return writeLine(io.out, natsConfigInfo{g.Cluster, c.Store, from, to})
	}
	_, err = fmt.Fprintf(io.out, natsConfig, g.Cluster, c.Store, from, to)
	return err
}
