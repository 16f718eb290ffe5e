//go:build unix

package e2e

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"regexp"
	"sync"
	"syscall"
	"testing"
	"time"
)

// forEver is how long a test waits for what should take less than a second: long enough
// for a machine that does much else.
const forEver = 3 * time.Minute

// A process is a program that runs, and what it says.
type process struct {
	t      *testing.T
	cmd    *exec.Cmd
	stdout said
	stderr said
	ended  chan struct{} // closed when it has
}

// start starts a program. It is killed when the test ends, if it runs by then.
func start(t *testing.T, name string, args ...string) *process {
	t.Helper()
	return begin(t, exec.CommandContext(t.Context(), name, args...))
}

func begin(t *testing.T, cmd *exec.Cmd) *process {
	t.Helper()
	p := &process{t: t, cmd: cmd, stdout: newSaid(), stderr: newSaid(), ended: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = &p.stdout, &p.stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = cmd.Wait() // the state says all of it
		close(p.ended)
	}()
	t.Cleanup(func() { <-p.ended })
	return p
}

// await waits until the program says on stderr what matches, and returns the match.
func (p *process) await(pattern string) []string {
	p.t.Helper()
	want := regexp.MustCompile(pattern)
	ended := p.ended
	for timeout := time.After(forEver); ; {
		if found := want.FindStringSubmatch(p.stderr.String()); found != nil {
			return found
		}
		if ended == nil {
			p.t.Fatalf("%s ended and never said %q:\n%s", p.cmd, pattern, p.stderr.String())
		}
		select {
		case <-p.stderr.more:
		case <-ended:
			ended = nil // and look once more
		case <-timeout:
			p.t.Fatalf("%s does not say %q:\n%s", p.cmd, pattern, p.stderr.String())
		}
	}
}

// wait waits until the process has ended, and returns its exit code; -1 is a signal.
func (p *process) wait() int {
	p.t.Helper()
	select {
	case <-p.ended:
	case <-time.After(forEver):
		p.t.Fatalf("%s does not end:\n%s", p.cmd, p.stderr.String())
	}
	return p.cmd.ProcessState.ExitCode()
}

// kill ends the process as a power failure would.
func (p *process) kill() {
	p.t.Helper()
	if err := p.cmd.Process.Kill(); err != nil {
		p.t.Fatalf("%s was to be killed, and had ended: %v\n%s", p.cmd, err, p.stderr.String())
	}
	if exit := p.wait(); exit != -1 {
		p.t.Fatalf("%s was to be killed, and exited with %d:\n%s", p.cmd, exit, p.stderr.String())
	}
}

// drain ends the process as an operator does.
func (p *process) drain() {
	p.t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		p.t.Fatal(err)
	}
	if exit := p.wait(); exit != 0 {
		p.t.Errorf("%s got SIGTERM and exited with %d:\n%s", p.cmd, exit, p.stderr.String())
	}
}

// serve starts a program that stays up, and waits until it can be called. It returns the
// NATS server's URL too.
func serve(t *testing.T, name string, args ...string) (p *process, url string) {
	t.Helper()
	p = start(t, name, append([]string{"-serve"}, args...)...)
	url = p.await(`NATS at (nats://\S+)`)[1]
	p.await("try: .*\n")
	return p, url
}

// An end is how a process ended and what it said.
type end struct {
	exit           int
	stdout, stderr string
}

// run runs a program to its end.
func run(t *testing.T, name string, args ...string) end {
	t.Helper()
	return runIn(t, "", name, args...)
}

func runIn(t *testing.T, dir, name string, args ...string) end {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "LC_ALL=C", "GOWORK=off")
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return end{cmd.ProcessState.ExitCode(), out.String(), errs.String()}
}

// must runs a program that is to succeed, and returns what it prints.
func must(t *testing.T, name string, args ...string) string {
	t.Helper()
	e := run(t, name, args...)
	if e.exit != 0 {
		t.Fatalf("%s %q exited with %d:\n%s%s", name, args, e.exit, e.stdout, e.stderr)
	}
	return e.stdout
}

// said is what a process has written so far.
type said struct {
	more chan struct{} // has one when there may be something new

	mu   sync.Mutex
	text bytes.Buffer
}

func newSaid() said { return said{more: make(chan struct{}, 1)} }

func (s *said) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case s.more <- struct{}{}:
	default:
	}
	return s.text.Write(b)
}

func (s *said) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}
