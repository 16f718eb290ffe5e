package storetest

import (
	"flag"
	"os"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/teff-dev/teff/persistence"
)

func TestMain(m *testing.M) {
	flag.Parse()
	// Mutants fail on purpose: leave no reproductions behind, and shrink little.
	for name, value := range map[string]string{"rapid.nofailfile": "true", "rapid.shrinktime": "100ms"} {
		if err := flag.Set(name, value); err != nil {
			panic(err)
		}
	}
	goleak.VerifyTestMain(m, goleak.Cleanup(os.Exit))
}

// A mutant is a store that is wrong in one way.
type mutant struct {
	name   string
	broken func(d *disk) persistence.Store // called for each opening
	caught []string                        // by each of these checks
}

func mutants() []mutant {
	var all []mutant
	all = append(all, fenceMutants()...)
	all = append(all, commitMutants()...)
	all = append(all, deleteMutants()...)
	all = append(all, keyMutants()...)
	all = append(all, listMutants()...)
	all = append(all, lifeMutants()...)
	return all
}

func runOn(t *testing.T, c check, open func(d *disk) persistence.Store) error {
	t.Helper()
	d := newDisk()
	h := newHarness(Traits{Durable: true}, func() (persistence.Store, error) {
		d.opened++
		return open(d), nil
	})
	return h.run(t.Context(), c)
}

// The mutants prove something only if the store that they are made from is right.
func TestTheUnbrokenStorePasses(t *testing.T) {
	for _, c := range checks() {
		t.Run(c.name, func(t *testing.T) {
			if err := runOn(t, c, func(d *disk) persistence.Store { return d.open() }); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestMutantsAreCaught(t *testing.T) {
	byName := map[string]check{}
	for _, c := range checks() {
		byName[c.name] = c
	}
	for _, m := range mutants() {
		for _, name := range m.caught {
			t.Run(m.name+"/"+name, func(t *testing.T) {
				c, ok := byName[name]
				if !ok {
					t.Fatalf("no check is called %s", name)
				}
				err := runOn(t, c, m.broken)
				if err == nil {
					t.Fatalf("check %s does not see what is wrong", name)
				}
				finding, _, _ := strings.Cut(err.Error(), "\n")
				t.Logf("%.200s", finding)
			})
		}
	}
}

func TestEveryCheckCatchesAMutant(t *testing.T) {
	catches := map[string]bool{}
	for _, m := range mutants() {
		for _, name := range m.caught {
			catches[name] = true
		}
	}
	for _, c := range checks() {
		if !catches[c.name] {
			t.Errorf("no mutant shows that check %s can fail", c.name)
		}
	}
}
