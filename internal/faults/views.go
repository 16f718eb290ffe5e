//go:build linux

package faults

import (
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"google.golang.org/protobuf/proto"

	"github.com/teff-dev/teff/internal/cluster"
	"github.com/teff-dev/teff/internal/core/membership"
	"github.com/teff-dev/teff/internal/wire"
	teffv1 "github.com/teff-dev/teff/protos/teff/v1"
)

// views watches what the cluster announces.
type views struct {
	nc    *nats.Conn
	names wire.Names

	mu     sync.Mutex
	newest *membership.View
	seen   int
	moves  int // shards that went from one owner to another
	deaths int // members that left the view without leaving
	joins  int
}

func watchViews(nc *nats.Conn, names wire.Names) (*views, error) {
	w := &views{nc: nc, names: names}
	_, err := nc.Subscribe(names.ViewChanged(), func(msg *nats.Msg) { w.take(msg.Data) }) // ends with the connection
	return w, err
}

func (w *views) take(data []byte) {
	record := new(teffv1.View)
	if proto.Unmarshal(data, record) != nil {
		return
	}
	v, err := cluster.DecodeView(record)
	if err != nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	old := w.newest
	if !v.Newer(old) {
		return
	}
	w.newest = v
	w.seen++
	if old == nil || old.Generation != v.Generation {
		return
	}
	for _, m := range v.Members {
		if _, was := old.Member(m.Incarnation); !was {
			w.joins++
		}
	}
	for _, m := range old.Members {
		if _, is := v.Member(m.Incarnation); !is && m.State != membership.Leaving {
			w.deaths++
		}
	}
	for typ, t := range v.Tables {
		was := old.Tables[typ]
		for p := range t.Owner {
			if was != nil && was.Owner[p] != "" && was.Owner[p] != t.Owner[p] {
				w.moves++
			}
		}
	}
}

// ask asks a silo for the view, for what nobody has announced since we watch.
func (w *views) ask() {
	if reply, err := w.nc.Request(w.names.View(), nil, time.Second); err == nil {
		w.take(reply.Data)
	}
}

// settled says that so many members own everything, and nothing is to move.
func (w *views) settled(members int) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	v := w.newest
	if v == nil || len(v.Members) != members || len(v.Tables) == 0 {
		return false
	}
	for _, t := range v.Tables {
		owners := make(map[string]bool)
		for p, owner := range t.Owner {
			if owner == "" || t.Next[p] != "" {
				return false
			}
			owners[owner] = true
		}
		if len(owners) != members {
			return false
		}
	}
	return true
}

// now is the newest view.
func (w *views) now() *membership.View {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.newest
}

// memberName is the name of a silo.
func memberName(v *membership.View, incarnation string) string {
	m, _ := v.Member(incarnation)
	meta := new(teffv1.Member)
	if proto.Unmarshal(m.Meta, meta) != nil {
		return ""
	}
	return meta.GetName()
}

func (w *views) counts() (seen, moves, joins, deaths int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.seen, w.moves, w.joins, w.deaths
}
