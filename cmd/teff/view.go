package main

import (
	"context"
	"fmt"

	teffv1 "github.com/teff-dev/teff/protos/teff/v1"
)

// ViewCmd is teff view.
type ViewCmd struct{}

// Help is the long help of teff view.
func (*ViewCmd) Help() string {
	return "One row for each type of each silo: how many shards it owns, how many of these it is giving away, and how many it is getting. " +
		"A shard is one partition of one type."
}

// viewInfo is what teff view tells programs.
type viewInfo struct {
	Cluster    string       `json:"cluster"`
	Generation uint64       `json:"generation"`
	Epoch      uint64       `json:"epoch"`
	Partitions uint32       `json:"partitions"`
	Members    []memberInfo `json:"members"`
	Unowned    []share      `json:"unowned"` // what nobody owns
}

type memberInfo struct {
	Incarnation string            `json:"incarnation"`
	Name        string            `json:"name"`
	State       string            `json:"state"`
	Release     string            `json:"release"`
	Joined      uint64            `json:"joinedEpoch"`
	Labels      map[string]string `json:"labels,omitempty"`
	Shards      []share           `json:"shards"`
}

// Run shows the view.
func (*ViewCmd) Run(ctx context.Context, io streams, g *Globals) error {
	ctx, s, err := g.connect(ctx)
	if err != nil {
		return err
	}
	defer s.close()
	v, err := s.view(ctx)
	if err != nil {
		return err
	}
	info, err := viewOf(v)
	if err != nil {
		return err
	}
	for _, u := range info.Unowned {
		io.note("%s of %s have no owner", count(u.Owns, "shard"), u.Type)
	}
	if g.json() {
		return writeLine(io.out, info)
	}
	fmt.Fprintf(io.out, "cluster %s, generation %d, epoch %d, %d partitions\n", info.Cluster, info.Generation, info.Epoch, info.Partitions)
	return writeTable(io.out, info.rows())
}

func viewOf(v *teffv1.View) (viewInfo, error) {
	all, err := shares(v)
	if err != nil {
		return viewInfo{}, err
	}
	info := viewInfo{
		Cluster: v.GetCluster(), Generation: v.GetGeneration(), Epoch: v.GetEpoch(), Partitions: v.GetPartitions(),
		Unowned: append([]share{}, all[""]...),
	}
	for _, m := range byName(v) {
		info.Members = append(info.Members, memberInfo{
			Incarnation: m.GetIncarnation(), Name: m.GetName(), State: stateName(m.GetState()), Release: m.GetRelease(),
			Joined: m.GetJoined(), Labels: m.GetLabels(), Shards: append([]share{}, all[m.GetIncarnation()]...),
		})
	}
	return info, nil
}

// rows is the table: one row for each type of each silo.
func (i viewInfo) rows() [][]string {
	rows := [][]string{{"SILO", "NAME", "STATE", "TYPE", "OWNS", "GIVES", "GETS"}}
	for _, m := range i.Members {
		if len(m.Shards) == 0 {
			rows = append(rows, []string{m.Incarnation, m.Name, m.State, "-", "-", "-", "-"})
		}
		for _, s := range m.Shards {
			rows = append(rows, []string{m.Incarnation, m.Name, m.State, s.Type, fmt.Sprint(s.Owns), fmt.Sprint(s.Gives), fmt.Sprint(s.Gets)})
		}
	}
	return rows
}
