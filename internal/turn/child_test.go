package turn_test

import (
	"context"
	"errors"
	"testing"

	"github.com/teff-dev/teff/internal/turn"
)

// child is a call that counts what it is told.
type child struct{ causes []error }

func (c *child) ParentCancelled(cause error) { c.causes = append(c.causes, cause) }

func TestChildrenAreToldOnceThatTheirTurnIsCancelled(t *testing.T) {
	tn := begin(0)
	var kept, gone [3]child
	for i := range kept {
		if !tn.Adopt(&gone[i]) || !tn.Adopt(&kept[i]) {
			t.Fatal("a live turn refuses a child")
		}
	}
	for i := range gone {
		tn.Release(&gone[i])
	}
	tn.Release(&gone[0]) // again does nothing
	tn.Cancel(context.DeadlineExceeded)
	tn.End()
	for i := range kept {
		if c := kept[i].causes; len(c) != 1 || !errors.Is(c[0], context.DeadlineExceeded) {
			t.Errorf("child %d was told %v", i, c)
		}
		if c := gone[i].causes; len(c) != 0 {
			t.Errorf("child %d was released, and told %v", i, c)
		}
		tn.Release(&kept[i])
	}
	late := new(child)
	if tn.Adopt(late) || len(late.causes) != 0 {
		t.Error("a turn that is over adopts a child")
	}
}

func TestOwnSaysWhoseTurnItIs(t *testing.T) {
	tn := new(turn.Turn)
	tn.Own("me")
	if tn.Owner() != "me" {
		t.Errorf("the owner is %v", tn.Owner())
	}
}
