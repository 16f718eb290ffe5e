package silo_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	bankv1 "github.com/teff-dev/teff/samples/bank/bank/v1"
	"github.com/teff-dev/teff/samples/bank/bank/v1/bankv1teff"
	"github.com/teff-dev/teff/silo"
)

// meshVictim is the environment variable that makes the test binary a silo of a mesh, to
// be killed; see victimSpec.
const meshVictim = "TEFF_SILO_MESH_VICTIM"

type victimSpec struct {
	Dir   string
	Node  int
	Peers []silo.Peer
	Beat  time.Duration
}

// beMeshVictim serves accounts until the process is killed, or its stdin ends.
func beMeshVictim(spec string) {
	var v victimSpec
	err := json.Unmarshal([]byte(spec), &v)
	if err == nil {
		m := &mesh{dir: v.Dir, peers: v.Peers, beat: v.Beat}
		var s *silo.Silo
		if s, err = silo.Start(context.Background(), m.config(v.Node)); err == nil {
			fmt.Println(s.URL())
			_, _ = os.Stdin.Read(make([]byte, 1)) // it ends when the test does
			err = s.Stop(context.Background())
		}
	}
	if err != nil {
		fmt.Println("error", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// A victim is a silo of the mesh in a process of its own.
type victim struct {
	cmd   *exec.Cmd
	stdin interface{ Close() error }
	out   *bufio.Reader
}

// process starts a silo in a process of its own; url waits for it.
func (m *mesh) process(node int) *victim {
	m.t.Helper()
	spec, err := json.Marshal(victimSpec{m.dir, node, m.peers, m.beat})
	if err != nil {
		m.t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), meshVictim+"="+string(spec))
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		m.t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		m.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		m.t.Fatal(err)
	}
	v := &victim{cmd, stdin, bufio.NewReader(out)}
	m.t.Cleanup(v.kill)
	return v
}

func (v *victim) url(t *testing.T) string {
	t.Helper()
	line, err := v.out.ReadString('\n')
	if line = strings.TrimSpace(line); err != nil || strings.HasPrefix(line, "error") {
		t.Fatalf("the process says %q, %v", line, err)
	}
	return line
}

func (v *victim) kill() {
	_ = v.cmd.Process.Kill() // it may have ended
	_ = v.cmd.Wait()
}

// lead makes a node the leader of all streams: what happens to it is the worst then.
func lead(t *testing.T, url, node string) {
	t.Helper()
	nc, err := nats.Connect(url)
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	for _, stream := range []string{"KV_teff_cluster", "teff_state"} {
		waitFor(t, func() bool {
			info, err := nc.Request("$JS.API.STREAM.INFO."+stream, nil, time.Second)
			if err == nil && strings.Contains(string(info.Data), `"leader":"`+node+`"`) {
				return true
			}
			_, _ = nc.Request("$JS.API.STREAM.LEADER.STEPDOWN."+stream, []byte(`{"placement":{"preferred":"`+node+`"}}`), time.Second)
			return false
		})
	}
}

// Behaviour E3, D6: the silo that leads all the mesh's streams is killed. The others have
// all that was acknowledged, and it comes back with what it had.
//
// A NATS cluster whose leader was killed writes nothing for 4 to 9 s. Heartbeats of 2.5 s
// make leases of 15 s, so that the survivors outlive that, also where the machine is busy;
// shorter ones would have them take each other for dead.
func TestMeshOutlivesItsLeader(t *testing.T) {
	m := newMesh(t, 3)
	m.beat = 2500 * time.Millisecond
	victim := m.process(0)
	m.start(1, 2)
	url := victim.url(t)
	m.spread(1)
	m.deposits(1, 1)
	lead(t, url, "n0")

	victim.kill()
	began := time.Now()
	m.balances(2, 1)
	t.Logf("all is served again %s after the kill", time.Since(began))
	for i, s := range m.silos {
		if s != nil && silo.Rejoins(s) > 0 {
			t.Errorf("n%d was taken for dead", i)
		}
	}

	began = time.Now()
	victim = m.process(0)
	victim.url(t)
	t.Logf("it came back in %s", time.Since(began))
	if err := m.silos[1].Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	m.silos[1] = nil
	m.deposits(2, 2)                             // two of three are enough, and one of them is the one that was killed
	if err := victim.stdin.Close(); err != nil { // it stops beside the last one, which waits for it
		t.Error(err)
	}
	m.stop()
}

// balances reads the accounts until each has what it must have, and no other silo had to
// be asked for it.
func (m *mesh) balances(via int, want int64) {
	m.t.Helper()
	for k := range 30 {
		account := bankv1teff.AccountOf(m.silos[via], fmt.Sprint("k", k))
		r, err := account.Balance(m.t.Context(), &bankv1.BalanceRequest{})
		if err != nil || r.GetBalance() != want {
			m.t.Fatalf("k%d has %d, %v, want %d", k, r.GetBalance(), err, want)
		}
	}
}
