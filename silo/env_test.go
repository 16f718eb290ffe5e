package silo_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/teff-dev/teff/grain"
	"github.com/teff-dev/teff/silo"
)

func TestTheEnvironmentFillsWhatIsEmpty(t *testing.T) {
	for name, value := range map[string]string{
		"TEFF_CLUSTER": "shop", "TEFF_SILO_NAME": "ash", "TEFF_SILO_NATS": "nats://outside:4222", "TEFF_SILO_LISTEN": "127.0.0.1:5222",
		"TEFF_SILO_DATA": "d", "TEFF_SILO_HEARTBEAT": "1500ms", "TEFF_SILO_MESH_NODE": "b", "TEFF_SILO_MESH_LISTEN": "127.0.0.1:6333",
		"TEFF_SILO_MESH_NEW": "1", "TEFF_SILO_MESH_PEERS": "a=nats://h:1, b=nats://u:p=q@h:2",
	} {
		t.Setenv(name, value)
	}
	mesh := &silo.Mesh{Node: "b", Listen: "127.0.0.1:6333", New: true, Peers: []silo.Peer{{Name: "a", Route: "nats://h:1"}, {Name: "b", Route: "nats://u:p=q@h:2"}}}
	own := silo.Config{Cluster: "own", Name: "n", NATS: "nats://own:4222", Listen: "own:1", DataDir: "own", Heartbeat: time.Second}
	for name, c := range map[string]struct{ given, want silo.Config }{
		"all": {silo.Config{}, silo.Config{Cluster: "shop", Name: "ash", Listen: "127.0.0.1:5222", DataDir: "d", Heartbeat: 1500 * time.Millisecond, Mesh: mesh}},
		"own": {own, own},
		"own NATS": {
			silo.Config{NATS: "nats://own:4222"},
			silo.Config{Cluster: "shop", Name: "ash", NATS: "nats://own:4222", Listen: "127.0.0.1:5222", DataDir: "d", Heartbeat: 1500 * time.Millisecond},
		},
	} {
		got, err := silo.FromEnv(c.given)
		if err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: got %+v, %v, want %+v", name, got, err, c.want)
		}
	}
	t.Setenv("TEFF_SILO_MESH_PEERS", "")
	if got, err := silo.FromEnv(silo.Config{}); err != nil || got.NATS != "nats://outside:4222" || got.Mesh != nil {
		t.Errorf("without a mesh: got %+v, %v", got, err)
	}
	if got, err := silo.FromEnv(silo.Config{Listen: "own:1"}); err != nil || got.NATS != "" {
		t.Errorf("who listens embeds a server: got %+v, %v", got, err)
	}
}

func TestTheEnvironmentMayBeWrong(t *testing.T) {
	for name, value := range map[string]string{"TEFF_SILO_HEARTBEAT": "soon", "TEFF_SILO_MESH_PEERS": "nats://h:1"} {
		t.Run(name, func(t *testing.T) {
			t.Setenv(name, value)
			_, err := silo.FromEnv(silo.Config{})
			if wantCode(t, err, grain.CodeInvalidArgument); !containsAll(err.Error(), name) {
				t.Errorf("it says %v", err)
			}
		})
	}
}
