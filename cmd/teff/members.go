package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/emptypb"

	"github.com/teff-dev/teff/internal/cluster"
	"github.com/teff-dev/teff/internal/core/membership"
	teffv1 "github.com/teff-dev/teff/protos/teff/v1"
)

// stateName is a member's state as people write it.
func stateName(s teffv1.MemberState) string {
	return strings.ToLower(strings.TrimPrefix(s.String(), "MEMBER_STATE_"))
}

// byName returns the members sorted for people. In the view they stay as they are, since
// its tables tell them by their places.
func byName(v *teffv1.View) []*teffv1.Member {
	return slices.SortedFunc(slices.Values(v.GetMembers()), func(a, b *teffv1.Member) int {
		return cmp.Or(cmp.Compare(a.GetName(), b.GetName()), cmp.Compare(a.GetIncarnation(), b.GetIncarnation()))
	})
}

// find returns the silo that was meant: its incarnation, its name, or how one of them
// begins, if that is one silo's alone.
func find(v *teffv1.View, typed string) (*teffv1.Member, error) {
	for _, same := range []func(m *teffv1.Member) bool{
		func(m *teffv1.Member) bool { return m.GetIncarnation() == typed },
		func(m *teffv1.Member) bool { return m.GetName() == typed },
		func(m *teffv1.Member) bool {
			return strings.HasPrefix(m.GetIncarnation(), typed) || strings.HasPrefix(m.GetName(), typed)
		},
	} {
		var found []*teffv1.Member
		for _, m := range v.GetMembers() {
			if same(m) {
				found = append(found, m)
			}
		}
		switch len(found) {
		case 0:
		case 1:
			return found[0], nil
		default:
			return nil, usage("%q may be %s", typed, nameAll(found)).hint("write more of the incarnation")
		}
	}
	return nil, usage("cluster %q has no silo %q", v.GetCluster(), typed).hint("its silos are %s", nameAll(byName(v)))
}

func nameAll(members []*teffv1.Member) string {
	all := make([]string, len(members))
	for i, m := range members {
		all[i] = fmt.Sprintf("%s (%s)", m.GetIncarnation(), m.GetName())
	}
	return strings.Join(all, ", ")
}

// A share is how many shards of a type a silo has.
type share struct {
	Type  string `json:"type"`
	Owns  int    `json:"owns"`
	Gives int    `json:"gives"` // of these: on their way to another
	Gets  int    `json:"gets"`  // on their way to it
}

// shares counts what each silo has, by incarnation and type. What nobody owns is under "".
func shares(record *teffv1.View) (map[string][]share, error) {
	v, err := cluster.DecodeView(record)
	if err != nil {
		return nil, unreachable("the view of cluster %q cannot be used: %s", record.GetCluster(), sentence(err))
	}
	counts := make(map[string]map[string]*share)
	at := func(incarnation, typ string) *share {
		if counts[incarnation] == nil {
			counts[incarnation] = make(map[string]*share)
		}
		if counts[incarnation][typ] == nil {
			counts[incarnation][typ] = &share{Type: typ}
		}
		return counts[incarnation][typ]
	}
	for _, m := range v.Members {
		for _, typ := range m.Types {
			at(m.Incarnation, typ)
		}
	}
	for typ, t := range v.Tables {
		for p, owner := range t.Owner {
			s := at(owner, typ)
			s.Owns++
			if t.Next[p] != "" {
				s.Gives++
				at(t.Next[p], typ).Gets++
			}
		}
	}
	all := make(map[string][]share)
	for incarnation, types := range counts {
		for _, s := range types {
			all[incarnation] = append(all[incarnation], *s)
		}
		slices.SortFunc(all[incarnation], func(a, b share) int { return cmp.Compare(a.Type, b.Type) })
	}
	return all, nil
}

// owns is how many shards a silo has in all.
func owns(record *teffv1.View, incarnation string) (n int, err error) {
	all, err := shares(record)
	for _, s := range all[incarnation] {
		n += s.Owns
	}
	return n, err
}

// tell asks one silo to do what the verb says.
func (s *session) tell(ctx context.Context, m *teffv1.Member, verb string) error {
	return s.ask(ctx, s.names.Ctl(m.GetIncarnation(), verb), new(emptypb.Empty))
}

// viewLook is how often a command that waits looks at the view.
const viewLook = 100 * time.Millisecond

// setState tells a silo to be in another state, and waits until the view has it so.
func (g *Globals) setState(ctx context.Context, typed, verb string, state membership.MemberState) (*teffv1.Member, error) {
	ctx, s, err := g.connect(ctx)
	if err != nil {
		return nil, err
	}
	defer s.close()
	v, err := s.view(ctx)
	if err != nil {
		return nil, err
	}
	m, err := find(v, typed)
	if err != nil {
		return nil, err
	}
	if err := s.tell(ctx, m, verb); err != nil {
		return nil, err
	}
	limit, cancel := context.WithTimeout(ctx, stateWait)
	defer cancel()
	for {
		if v, err = s.view(limit); err != nil {
			return nil, err
		}
		now, err := find(v, m.GetIncarnation())
		switch {
		case err != nil:
			return nil, unreachable("silo %s (%s) has left meanwhile", m.GetIncarnation(), m.GetName())
		case now.GetState() == teffv1.MemberState(state):
			return now, nil
		}
		select {
		case <-limit.Done():
			return nil, unreachable("silo %s (%s) is still %s after %s", m.GetIncarnation(), m.GetName(), stateName(now.GetState()), stateWait).
				hint("the silo was told, and may yet become so: teff view")
		case <-time.After(viewLook):
		}
	}
}

// stateWait is how long a silo may take to change its state in the view.
const stateWait = 10 * time.Second
