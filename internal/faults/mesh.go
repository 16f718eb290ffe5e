//go:build linux

package faults

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/teff-dev/teff/silo"
)

// meshSpec is where the silos of a mesh listen: each embeds a NATS server, and together
// they are one NATS cluster.
type meshSpec struct {
	Nodes   []string
	Clients []string // HOST:PORT for clients, by node
	Routes  []string // HOST:PORT for the other nodes
	New     bool     // the mesh has never run
}

// newMesh finds ports for a mesh of so many silos.
func newMesh(silos int) (*meshSpec, error) {
	m := &meshSpec{New: true}
	for i := range silos {
		m.Nodes = append(m.Nodes, siloName(i))
		for _, list := range []*[]string{&m.Clients, &m.Routes} {
			port, err := freePort()
			if err != nil {
				return nil, err
			}
			*list = append(*list, fmt.Sprintf("127.0.0.1:%d", port))
		}
	}
	return m, nil
}

// url is all of the mesh's servers.
func (m *meshSpec) url() string { return "nats://" + strings.Join(m.Clients, ",nats://") }

// embed has a silo be one of the mesh.
func (m *meshSpec) embed(cfg *silo.Config, spec childSpec) {
	cfg.NATS = ""
	cfg.DataDir = filepath.Join(spec.Dir, spec.Name)
	cfg.Mesh = &silo.Mesh{Node: spec.Name, New: m.New}
	for i, node := range m.Nodes {
		cfg.Mesh.Peers = append(cfg.Mesh.Peers, silo.Peer{Name: node, Route: "nats://" + m.Routes[i]})
		if node == spec.Name {
			cfg.Listen, cfg.Mesh.Listen = m.Clients[i], m.Routes[i]
		}
	}
}

// killMesh kills one silo after the other of a mesh of three, each of which has all the
// records: two are enough to go on, and the third catches up.
func killMesh() *scenario {
	const kills = 2
	l := usual()
	l.patience = 25 * time.Second
	return &scenario{
		name: "kill-mesh", about: "kill -9 of silos that embed the servers of a NATS cluster",
		in: setAll, silos: 3, load: l, heartbeat: 3 * time.Second, mesh: true,
		inject: func(ctx context.Context, w *world) error {
			for i := range kills {
				name := siloName(i)
				w.fault()
				if err := w.silo(name).kill(); err != nil {
					return err
				}
				if err := w.restart(ctx, name); err != nil {
					return err
				}
				if err := wait(ctx, 22*time.Second); err != nil {
					return err
				}
			}
			return nil
		},
		missing: func(_ *world, r *report) string { return r.outageMissing(time.Second) },
	}
}
