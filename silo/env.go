package silo

import (
	"os"
	"strings"
	"time"

	"github.com/teff-dev/teff/grain"
)

// The environment that FromEnv reads.
const (
	envCluster    = "TEFF_CLUSTER"
	envName       = "TEFF_SILO_NAME"
	envNATS       = "TEFF_SILO_NATS"
	envListen     = "TEFF_SILO_LISTEN"
	envData       = "TEFF_SILO_DATA"
	envHeartbeat  = "TEFF_SILO_HEARTBEAT"
	envMeshNode   = "TEFF_SILO_MESH_NODE"
	envMeshPeers  = "TEFF_SILO_MESH_PEERS"
	envMeshListen = "TEFF_SILO_MESH_LISTEN"
	envMeshNew    = "TEFF_SILO_MESH_NEW"
	envStdin      = "TEFF_SILO_STDIN" // Main's alone: 1 is to drain when stdin ends
)

// FromEnv fills what the configuration leaves empty from the environment, as [Main] does:
//
//	TEFF_CLUSTER           Cluster
//	TEFF_SILO_NAME         Name
//	TEFF_SILO_NATS         NATS, unless there is a Mesh or a Listen
//	TEFF_SILO_LISTEN       Listen
//	TEFF_SILO_DATA         DataDir
//	TEFF_SILO_HEARTBEAT    Heartbeat, such as 500ms
//	TEFF_SILO_MESH_PEERS   Mesh.Peers, such as a=nats://10.0.0.1:6222,b=nats://10.0.0.2:6222
//	TEFF_SILO_MESH_NODE    Mesh.Node
//	TEFF_SILO_MESH_LISTEN  Mesh.Listen
//	TEFF_SILO_MESH_NEW     Mesh.New, if it is 1
//
// Those of the mesh count where Mesh and NATS are both empty. What cannot be read is
// CodeInvalidArgument.
func FromEnv(cfg Config) (Config, error) {
	if cfg.Mesh == nil && cfg.NATS == "" && os.Getenv(envMeshPeers) != "" {
		mesh, err := meshFromEnv()
		if err != nil {
			return cfg, err
		}
		cfg.Mesh = mesh
	}
	setDefault(&cfg.Cluster, os.Getenv(envCluster))
	setDefault(&cfg.Name, os.Getenv(envName))
	if cfg.Mesh == nil && cfg.Listen == "" {
		setDefault(&cfg.NATS, os.Getenv(envNATS))
	}
	setDefault(&cfg.Listen, os.Getenv(envListen))
	setDefault(&cfg.DataDir, os.Getenv(envData))
	if text := os.Getenv(envHeartbeat); text != "" && cfg.Heartbeat == 0 {
		d, err := time.ParseDuration(text)
		if err != nil || d <= 0 {
			return cfg, grain.Errorf(grain.CodeInvalidArgument, "%s is %q: write it as 500ms or 3s", envHeartbeat, text)
		}
		cfg.Heartbeat = d
	}
	return cfg, nil
}

func meshFromEnv() (*Mesh, error) {
	m := &Mesh{Node: os.Getenv(envMeshNode), Listen: os.Getenv(envMeshListen), New: os.Getenv(envMeshNew) == "1"}
	for text := range strings.SplitSeq(os.Getenv(envMeshPeers), ",") {
		name, route, ok := strings.Cut(strings.TrimSpace(text), "=")
		if !ok {
			return nil, grain.Errorf(grain.CodeInvalidArgument, "%s: write each peer as NAME=URL, such as a=nats://10.0.0.1:6222, with commas between them", envMeshPeers)
		}
		m.Peers = append(m.Peers, Peer{Name: name, Route: route})
	}
	return m, nil
}
