package silotest_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/teff-dev/teff/grain"
	hellov1 "github.com/teff-dev/teff/samples/hello/hello/v1"
	"github.com/teff-dev/teff/samples/hello/hello/v1/hellov1teff"
	"github.com/teff-dev/teff/silo"
	"github.com/teff-dev/teff/silo/silotest"
)

func greet(c grain.Caller, name string) (int64, error) {
	resp, err := hellov1teff.GreeterOf(c, "desk").SayHello(context.Background(), &hellov1.SayHelloRequest{Name: name})
	return resp.GetTimes(), err
}

func settle(t *testing.T, c *silotest.Cluster) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	c.WaitSettled(ctx)
}

// A silo that is killed in the middle of a turn writes nothing any more, runs no hook,
// and answers nobody; a stopped one does all of that.
func TestAKilledSiloIsSilent(t *testing.T) {
	seen := &counts{}
	entered, leave := make(chan struct{}), make(chan struct{})
	seen.gate = func(_ context.Context, name string) {
		if name == "slow" {
			close(entered)
			<-leave
		}
	}
	c := silotest.New(t, silotest.Grains(countedKind(seen)))
	if n, err := greet(c.Client(), "Ada"); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	slow := make(chan error, 1)
	go func() {
		_, err := greet(c.Client(), "slow")
		slow <- err
	}()
	<-entered
	owner := c.Owner(greeterType, "desk")
	c.Kill(owner)
	close(leave)
	if err := <-slow; !errors.Is(err, grain.CodeMaybeExecuted) {
		t.Errorf("the call that it had: %v, want MAYBE_EXECUTED", err)
	}
	settle(t, c)
	if c.Owner(greeterType, "desk") == owner {
		t.Error("it is still the owner")
	}
	if n, err := greet(c.Client(), "Grace"); n != 2 || err != nil {
		t.Errorf("greeting %d, %v, want the second", n, err)
	}
	if _, err := greet(c.Silo(owner), "Ada"); err == nil {
		t.Error("a killed silo takes calls")
	}
	if n := seen.deactivated.Load(); n != 0 {
		t.Errorf("%d hooks ran", n)
	}
	c.Stop(c.Owner(greeterType, "desk"))
	if n := seen.deactivated.Load(); n != 1 {
		t.Errorf("%d hooks ran of the silo that stopped, want 1", n)
	}
	if n, err := greet(c.Client(), "Edsger"); n != 3 || err != nil {
		t.Errorf("greeting %d, %v, want the third", n, err)
	}
}

// A fault that is over in time leaves no trace, and one that is done to a dead silo is a
// mistake of the test's.
func TestFaultsEnd(t *testing.T) {
	c := silotest.New(t, silotest.Silos(2), silotest.Grains(countedKind(new(counts))), silotest.Heartbeat(time.Second))
	epoch := c.View().GetEpoch()
	for i := range 2 {
		c.Partition(i)
		c.Heal(i)
		c.Pause(i)
		c.Pause(i)
		c.Resume(i)
		c.Resume(i)
	}
	c.StopNATS()
	c.StopNATS()
	c.StartNATS()
	c.StartNATS()
	settle(t, c)
	if n, err := greet(c.Client(), "Ada"); n != 1 || err != nil {
		t.Error(n, err)
	}
	if got := c.View().GetEpoch(); got != epoch {
		t.Errorf("view %d, and %d before", got, epoch)
	}
	c.Pause(0)
	c.Kill(0)
	c.Kill(0)
	c.Partition(1)
	c.Stop(1) // nobody is told, and it ends nonetheless
	c.Stop(1)
}

// A silo that joins is one of those that WaitSettled waits for, and what hinders it is
// told.
func TestWaitSettledSaysWhatIsAmiss(t *testing.T) {
	s := newStage()
	var c *silotest.Cluster
	s.within(func() {
		c = silotest.New(s, silotest.Silos(2), silotest.Grains(countedKind(new(counts))), silotest.Heartbeat(200*time.Millisecond))
	})
	defer s.end()
	if s.Failed() {
		t.Fatal(s.failed)
	}
	soon, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	c.Partition(0)
	s.within(func() { c.WaitSettled(soon) })
	if !strings.Contains(s.failed, "has not settled: the view has 2 members, and 1 silos run") {
		t.Errorf("it says %q", s.failed)
	}
	s.failed = ""
	c.Heal(0)
	settle(t, c)
	s.within(func() { c.Silo(7) })
	if !strings.Contains(s.failed, "there is no silo 7, there have been 2") {
		t.Errorf("it says %q", s.failed)
	}
	s.failed = ""
	s.within(func() { c.Add(func(cfg *silo.Config) { cfg.Partitions = -1 }) })
	if !strings.Contains(s.failed, "Config.Partitions is -1") {
		t.Errorf("it says %q", s.failed)
	}
	s.failed = ""
}
