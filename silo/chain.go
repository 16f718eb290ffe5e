package silo

import (
	"strings"

	"github.com/teff-dev/teff/grain"
	"github.com/teff-dev/teff/internal/outcome"
	"github.com/teff-dev/teff/internal/turn"
	"github.com/teff-dev/teff/internal/wire"
)

// A chain is the calls that led to a call: the turns that wait for it, from the first on.
// Within a silo it is the turns' parents. Between silos it travels in a header, as links
// joined by commas, each TYPE/KEY@INCARNATION with the key as subjects spell it.

// maxChain is how many links a chain may have.
const maxChain = 100

// link is a turn's place in a chain.
func (a *activation) link() string {
	return a.of.kind.Service.Type + "/" + wire.KeyToken(a.key) + "@" + a.tenure.inc.id()
}

// chainOf returns the chain of a call that is made by t, for the header.
func chainOf(t *turn.Turn) (string, *grain.Error) {
	var links []string
	for ; t != nil; t = t.Parent() {
		if a, ok := t.Owner().(*activation); ok {
			links = append(links, a.link())
		}
		if t.Parent() == nil {
			if from := t.Chain(); from != "" {
				links = append(links, from)
			}
		}
	}
	if len(links) == 0 {
		return "", nil
	}
	for i, j := 0, len(links)-1; i < j; i, j = i+1, j-1 {
		links[i], links[j] = links[j], links[i]
	}
	chain := strings.Join(links, ",")
	if n := strings.Count(chain, ",") + 1; n > maxChain {
		return "", outcome.Refused(grain.CodeAborted, "%d calls wait for each other: more than %d is taken for a mistake", n, maxChain)
	}
	return chain, nil
}

// chained says that a turn waits for the call, wherever that turn runs. A shard that is
// about to move still serves it: the move may wait for that turn, here or, where two silos
// swap shards or leave together, on the other one.
func (c *call) chained() bool { return c.Parent() != nil || c.Chain() != "" }

// refuseCycle refuses a call to a grain whose present turn waits for this very call: it
// could only wait until its deadline.
func refuseCycle(caller *turn.Turn, typ, key string) error {
	first := caller
	for t := caller; t != nil && !t.Over(); t = t.Parent() {
		if a, ok := t.Owner().(*activation); ok && a.key == key && a.of.kind.Service.Type == typ {
			return cycle(append(names(caller, t), typ+"/"+key))
		}
		first = t
	}
	if first != nil && first.Chain() != "" {
		if path := inChain(first.Chain(), typ, key); path != nil {
			return cycle(append(append(path, names(caller, first)...), typ+"/"+key))
		}
	}
	return nil
}

// refuseRemoteCycle does the same for a call that came over NATS.
func refuseRemoteCycle(chain string, h *hosted, key string) *grain.Error {
	if chain == "" {
		return nil
	}
	typ := h.kind.Service.Type
	if path := inChain(chain, typ, key); path != nil {
		return cycle(append(path, typ+"/"+key))
	}
	return nil
}

// inChain returns the grains of a chain from that one on; nil if it is not there.
func inChain(chain, typ, key string) []string {
	want := typ + "/" + wire.KeyToken(key) + "@"
	links := strings.Split(chain, ",")
	for i, l := range links {
		if !strings.HasPrefix(l, want) {
			continue
		}
		path := make([]string, 0, len(links)-i+1)
		for _, l := range links[i:] {
			path = append(path, readable(l))
		}
		return path
	}
	return nil
}

// readable is a link's grain, for people.
func readable(link string) string {
	id, _, _ := strings.Cut(link, "@")
	typ, token, _ := strings.Cut(id, "/")
	key, err := wire.ParseKeyToken(token)
	if err != nil {
		return id
	}
	return typ + "/" + key
}

// names are the grains of the turns from first to last.
func names(last, first *turn.Turn) []string {
	var all []string
	for t := last; ; t = t.Parent() {
		if a, ok := t.Owner().(*activation); ok {
			all = append([]string{a.id().String()}, all...)
		}
		if t == first {
			return all
		}
	}
}

func cycle(path []string) *grain.Error {
	return outcome.Refused(grain.CodeAborted, "a cycle of calls: %s", strings.Join(path, " → "))
}
