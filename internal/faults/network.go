//go:build linux

package faults

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// A network is a network namespace for each silo, joined to the host's by a pair of
// virtual interfaces. The NATS server and the callers are the host's.
type network struct {
	tag   string
	silos int
}

// noNetwork says why there can be none; "" is that there can.
func noNetwork() string {
	if os.Geteuid() != 0 {
		return "it needs root, for network namespaces"
	}
	if _, err := exec.LookPath("ip"); err != nil {
		return "it needs the program ip (Debian: apt-get install iproute2)"
	}
	if err := ip("netns", "list"); err != nil {
		return "this machine lets nobody make network namespaces: " + err.Error()
	}
	return ""
}

func ip(args ...string) error {
	out, err := exec.Command("ip", args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("ip %s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(string(out)))
	}
	return nil
}

// newNetwork makes the namespaces. Their names have the process's id in them, so that runs
// do not meet.
func newNetwork(silos int) (*network, error) {
	n := &network{tag: fmt.Sprintf("tf%x", os.Getpid()&0xffff), silos: silos}
	for i := range silos {
		name := siloName(i)
		in, out, ns := n.inside(name), n.outside(name), n.namespace(name)
		for _, args := range [][]string{
			{"netns", "add", ns},
			{"link", "add", out, "type", "veth", "peer", "name", in, "netns", ns},
			{"addr", "add", n.home(name) + "/24", "dev", out},
			{"link", "set", out, "up"},
			{"-n", ns, "addr", "add", n.address(name) + "/24", "dev", in},
			{"-n", ns, "link", "set", in, "up"},
			{"-n", ns, "link", "set", "lo", "up"},
		} {
			if err := ip(args...); err != nil {
				_ = n.remove()
				return nil, err
			}
		}
	}
	return n, nil
}

func (n *network) number(name string) string    { return strings.TrimPrefix(name, "silo-") }
func (n *network) namespace(name string) string { return n.tag + "-" + n.number(name) }
func (n *network) inside(name string) string    { return n.tag + "i" + n.number(name) }
func (n *network) outside(name string) string   { return n.tag + "o" + n.number(name) }

// home is the host's address as the silo sees it; address is the silo's own.
func (n *network) home(name string) string    { return n.prefix() + n.number(name) + ".1" }
func (n *network) address(name string) string { return n.prefix() + n.number(name) + ".2" }

func (n *network) prefix() string { return fmt.Sprintf("10.%d.", 64+os.Getpid()%128) }

// A cut is a way to cut a silo off.
type cut uint8

const (
	cutBoth cut = iota + 1 // nothing gets through
	cutOut                 // nothing gets from the silo to NATS
	cutIn                  // nothing gets from NATS to the silo
)

func (n *network) cut(name string, how cut) error {
	switch how {
	case cutOut:
		return ip("-n", n.namespace(name), "route", "add", "blackhole", n.home(name)+"/32")
	case cutIn:
		return ip("route", "add", "blackhole", n.address(name)+"/32")
	default:
		return ip("link", "set", n.outside(name), "down")
	}
}

func (n *network) heal(name string, how cut) error {
	switch how {
	case cutOut:
		return ip("-n", n.namespace(name), "route", "del", "blackhole", n.home(name)+"/32")
	case cutIn:
		return ip("route", "del", "blackhole", n.address(name)+"/32")
	default:
		return ip("link", "set", n.outside(name), "up")
	}
}

// remove takes it all away, with whatever is cut.
func (n *network) remove() error {
	var first error
	for i := range n.silos {
		name := siloName(i)
		_ = ip("route", "del", "blackhole", n.address(name)+"/32") // mostly there is none
		_ = ip("link", "del", n.outside(name))                     // it goes with the namespace, a little later
		if err := ip("netns", "del", n.namespace(name)); err != nil && first == nil {
			first = err
		}
	}
	return first
}
