package bus

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// MeshOptions make an embedded server a node of a NATS cluster of embedded servers.
type MeshOptions struct {
	Name   string      // of the NATS cluster
	Node   string      // of this server, for life: to JetStream it is who the server is
	Listen string      // HOST:PORT for the other nodes
	Peers  []Peer      // in the same order at every node; Keepers of them keep JetStream's files
	TLS    *tls.Config // between the nodes; nil: none
}

// A Peer is a node that the others know beforehand.
type Peer struct {
	Name  string
	Route *url.URL // where it listens for the others; with user and password, if it wants them
}

// Keepers is how many nodes of a mesh keep JetStream's files: three outlive the loss of
// one, and more would only make each write wait for more of them.
const Keepers = 3

// How long outside clients have to go elsewhere when a node stops.
const (
	lameDuckGrace = 200 * time.Millisecond
	lameDuckAll   = time.Second
)

// Keeper says whether the node keeps JetStream's files.
func (m *MeshOptions) Keeper() bool {
	return slices.ContainsFunc(m.keepers(), func(p Peer) bool { return p.Name == m.Node })
}

func (m *MeshOptions) keepers() []Peer { return m.Peers[:min(len(m.Peers), Keepers)] }

// apply makes the options those of a node.
func (m *MeshOptions) apply(opts *server.Options) error {
	host, port, err := splitListen(m.Listen)
	if err != nil {
		return err
	}
	opts.Cluster = server.ClusterOpts{Name: m.Name, Host: host, Port: port, TLSConfig: m.TLS, ConnectRetries: 1}
	if m.TLS != nil {
		opts.Cluster.TLSTimeout = tlsTimeout.Seconds()
	}
	// JetStream's nodes count their routes to know how many they will be: it must be the
	// keepers' number.
	peers := m.Peers
	if m.Keeper() {
		peers = m.keepers()
	} else {
		opts.JetStream, opts.StoreDir = false, ""
	}
	for _, p := range peers {
		opts.Routes = append(opts.Routes, p.Route)
	}
	for _, p := range m.Peers {
		if password, ok := p.Route.User.Password(); ok {
			opts.Cluster.Username, opts.Cluster.Password = p.Route.User.Username(), password
		}
		if p.Name == m.Node && p.Route.Host != m.Listen {
			opts.Cluster.Advertise = p.Route.Host
		}
	}
	opts.LameDuckGracePeriod, opts.LameDuckDuration = lameDuckGrace, lameDuckAll
	return nil
}

// Missing are the nodes that keep JetStream's files and that this one has no route to.
func (s *Server) Missing() []Peer {
	if s.mesh == nil {
		return nil
	}
	routed := map[string]bool{s.mesh.Node: true}
	if routes, err := s.srv.Routez(nil); err == nil {
		for _, r := range routes.Routes {
			routed[r.RemoteName] = true
		}
	}
	return slices.DeleteFunc(slices.Clone(s.mesh.keepers()), func(p Peer) bool { return routed[p.Name] })
}

// Current says whether what this server keeps for the mesh is as new as what the others
// have.
func (s *Server) Current() bool {
	if s.mesh == nil || !s.mesh.Keeper() {
		return true
	}
	if !s.srv.JetStreamIsCurrent() {
		return false
	}
	info, err := s.srv.Jsz(&server.JSzOptions{Accounts: true, Streams: true})
	if err != nil {
		return false
	}
	for _, account := range info.AccountDetails {
		for _, stream := range account.Streams {
			if !s.srv.JetStreamIsStreamCurrent(account.Name, stream.Name) {
				return false
			}
		}
	}
	return true
}

// Lagging asks the leaders which replicas of this server's streams, on other servers, are
// away or behind. While there are any, this server's end could be the end of a quorum.
func (s *Server) Lagging(ctx context.Context, nc *nats.Conn) ([]string, error) {
	if s.mesh == nil || !s.mesh.Keeper() {
		return nil, nil
	}
	js, err := jetstream.New(nc)
	if err != nil {
		return nil, err
	}
	var names, behind []string
	all := js.StreamNames(ctx)
	for name := range all.Name() {
		names = append(names, name)
	}
	if err := all.Err(); err != nil {
		return nil, fmt.Errorf("list the streams: %w", err)
	}
	for _, name := range names {
		stream, err := js.Stream(ctx, name)
		if errors.Is(err, jetstream.ErrStreamNotFound) {
			continue // it was deleted meanwhile
		}
		if err != nil {
			return nil, fmt.Errorf("ask how the stream %s is: %w", name, err)
		}
		info := stream.CachedInfo()
		if info.Cluster == nil {
			continue
		}
		for _, r := range info.Cluster.Replicas {
			if r.Name != s.mesh.Node && (r.Offline || !r.Current) {
				behind = append(behind, fmt.Sprintf("%s on %s", name, r.Name))
			}
		}
	}
	slices.Sort(behind)
	return behind, nil
}

// Leave stops the server in order: JetStream's leaders move to other nodes first, and
// outside clients are told to go elsewhere.
func (s *Server) Leave() {
	if s.mesh != nil {
		s.srv.LameDuckShutdown()
	}
	s.Stop()
}

// PeerNames writes peers for people.
func PeerNames(peers []Peer) string {
	names := make([]string, len(peers))
	for i, p := range peers {
		names[i] = fmt.Sprintf("%s (%s)", p.Name, p.Route.Host)
	}
	return strings.Join(names, ", ")
}
