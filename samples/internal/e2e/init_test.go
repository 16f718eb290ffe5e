//go:build unix

package e2e

import (
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// teff init, make test, go run and the line that it prints: the first five minutes.
func TestTheFirstFiveMinutes(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "abacus")
	if got := must(t, "teff", "init", dir, "-teff", checkout()); got != dir+"\n" {
		t.Errorf("teff init printed %q", got)
	}
	tested := runIn(t, dir, "make", "test")
	if tested.exit != 0 || !strings.Contains(tested.stdout, "ok  \tabacus/counter") {
		t.Fatalf("make test: exit %d, printed\n%s\nand said\n%s", tested.exit, tested.stdout, tested.stderr)
	}

	cmd := exec.CommandContext(t.Context(), "go", "run", ".")
	cmd.Dir = dir
	cmd.Env = append(cmd.Environ(), "GOWORK=off")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) } // and what go run started
	p := begin(t, cmd)
	line := p.await("try: (teff call .*)\n")[1]
	for _, want := range []string{`"count": "5"`, `"count": "10"`} {
		if got := must(t, "sh", "-c", line); !strings.Contains(got, want) {
			t.Errorf("%s\ngave\n%s\nwant %s", line, got, want)
		}
	}
	// As Ctrl-C does. What go run makes of it is its own business, so the exit code is
	// looked at without it, and the state with it.
	if err := syscall.Kill(-cmd.Process.Pid, syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	p.await("draining")
	p.wait()
	if built := runIn(t, dir, "go", "build", "-o", "abacus", "."); built.exit != 0 {
		t.Fatal(built.stderr)
	}
	cmd = exec.CommandContext(t.Context(), filepath.Join(dir, "abacus"))
	cmd.Dir = dir
	p = begin(t, cmd)
	line = p.await("try: (teff call .*)\n")[1]
	if got, want := must(t, "sh", "-c", line), `"count": "15"`; !strings.Contains(got, want) {
		t.Errorf("started again, it says\n%s\nwant %s", got, want)
	}
	p.drain()
}
