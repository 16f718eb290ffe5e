package silo

import (
	"crypto/tls"
	"net"
	"net/url"
	"slices"
	"strings"

	"github.com/teff-dev/teff/grain"
	"github.com/teff-dev/teff/internal/bus"
	"github.com/teff-dev/teff/persistence/natsstore"
)

// A Mesh makes the NATS servers that silos embed one NATS cluster, so that a cluster of
// silos needs no other infrastructure.
//
// The first three of Peers keep the cluster's records and the grains' state, each all of
// it: any one of them may be lost. With two, or one, there is one copy: the end of the
// silo that has it stops the cluster until it is back, and two are no safer than one. All
// other silos of the mesh keep nothing.
type Mesh struct {
	// Node is this silo's name in the mesh: the same after each restart with the same
	// DataDir, and no other silo's. One that is not in Peers joins them, and keeps nothing.
	Node string

	// Peers are the nodes that all know beforehand, in the same order at every silo.
	Peers []Peer

	// Listen is the HOST:PORT where other nodes reach this one: what its own Route says.
	// Who reaches it may do anything.
	Listen string

	// TLS is what nodes speak to each other, as servers and as clients; nil: none.
	TLS *tls.Config

	// New says that the mesh has never run: what its first silo would otherwise wait for,
	// the takeover time, is for silos that an earlier one may have left behind.
	New bool
}

// A Peer is a node of a mesh.
type Peer struct {
	// Name is the node's own: letters, digits, '-', '_' and '.'.
	Name string

	// Route is the URL where it listens for the others, such as nats://10.0.0.1:6222. With
	// a user and a password, the same in all, only who knows them is let in.
	Route string
}

// copies is how many nodes have all there is to keep.
func (m *Mesh) copies() int {
	if len(m.Peers) < bus.Keepers {
		return 1
	}
	return bus.Keepers
}

// fill sets what follows from a mesh.
func (c *Config) fill() {
	if c.Mesh == nil {
		return
	}
	setDefault(&c.Replicas, c.Mesh.copies())
	if c.Store == nil && c.OpenStore == nil {
		c.OpenStore = natsstore.Opener(natsstore.Options{Replicas: c.Mesh.copies(), Logger: c.Logger})
	}
}

// checkMesh says what is wrong with the mesh.
func (c Config) checkMesh() error {
	m := c.Mesh
	switch {
	case m == nil:
		return nil
	case c.NATS != "":
		return grain.Errorf(grain.CodeInvalidArgument, "Config.Mesh is for embedded servers, and Config.NATS is for one outside: give one of them")
	case c.Replicas > m.copies():
		return grain.Errorf(grain.CodeInvalidArgument, "Config.Replicas is %d: in a mesh of %d peers it is at most %d", c.Replicas, len(m.Peers), m.copies())
	case !nodeName(m.Node):
		return grain.Errorf(grain.CodeInvalidArgument, "Config.Mesh.Node is %q: name this silo in the mesh with letters, digits, '-', '_' and '.', the same after each restart", m.Node)
	case len(m.Peers) == 0:
		return grain.Errorf(grain.CodeInvalidArgument, "Config.Mesh.Peers is empty: name the mesh's first three silos and their routes, such as {Name: \"a\", Route: \"nats://10.0.0.1:6222\"}")
	case len(m.Peers) == 1 && m.Peers[0].Name != m.Node:
		return grain.Errorf(grain.CodeInvalidArgument, "Config.Mesh.Peers has %q alone: a mesh of one takes nobody else in; name three peers", m.Peers[0].Name)
	}
	var seen []string
	for _, p := range m.Peers {
		if !nodeName(p.Name) || slices.Contains(seen, p.Name) {
			return grain.Errorf(grain.CodeInvalidArgument, "Config.Mesh.Peers has %q, which is no name or is there twice: use letters, digits, '-', '_' and '.'", p.Name)
		}
		seen = append(seen, p.Name)
		if _, err := p.parse(); err != nil {
			return err
		}
	}
	if m.Listen == "" && !slices.Contains(seen, m.Node) {
		return grain.Errorf(grain.CodeInvalidArgument, "Config.Mesh.Listen is empty, and %q is none of the peers: say on which HOST:PORT the other silos reach it", m.Node)
	}
	return nil
}

// nodeName says whether JetStream takes the name for a server's.
func nodeName(name string) bool {
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_."
	for _, r := range name {
		if !strings.ContainsRune(letters, r) {
			return false
		}
	}
	return name != ""
}

func (p Peer) parse() (*url.URL, error) {
	u, err := url.Parse(p.Route)
	if err != nil {
		return nil, grain.Errorf(grain.CodeInvalidArgument, "the route of Config.Mesh's peer %s is no URL: write it as nats://HOST:PORT", p.Name)
	}
	if host, port, err := net.SplitHostPort(u.Host); err != nil || host == "" || port == "" || port == "0" {
		return nil, grain.Errorf(grain.CodeInvalidArgument, "the route of Config.Mesh's peer %s is %q: write it as nats://HOST:PORT", p.Name, u.Redacted())
	}
	return u, nil
}

// mesh is the embedded server's part of the mesh; nil where the silo is the only one.
func (c Config) mesh() *bus.MeshOptions {
	m := c.Mesh
	if m == nil || len(m.Peers) == 1 {
		return nil
	}
	o := &bus.MeshOptions{Name: "teff-" + c.Cluster, Node: m.Node, Listen: m.Listen, TLS: m.TLS}
	for _, p := range m.Peers {
		route, err := p.parse()
		if err != nil {
			continue // check refused it
		}
		o.Peers = append(o.Peers, bus.Peer{Name: p.Name, Route: route})
		if p.Name == m.Node && o.Listen == "" {
			o.Listen = route.Host
		}
	}
	return o
}
