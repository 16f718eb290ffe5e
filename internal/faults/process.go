//go:build linux

package faults

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

// A process is a child of the programme.
type process struct {
	spec   childSpec
	cmd    *exec.Cmd
	in     io.WriteCloser
	out    *bufio.Reader
	ended  chan struct{} // closed when it has
	err    error         // how; valid once ended
	asking sync.Mutex
}

// readyTime is how long a child may take to serve.
const readyTime = 40 * time.Second

// spawn starts a child, in a network namespace unless that is "".
func spawn(spec childSpec, namespace string) (*process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(spec)
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(self)
	if namespace != "" {
		cmd = exec.Command("ip", "netns", "exec", namespace, self)
	}
	cmd.Env = append(os.Environ(), childEnv+"="+string(text))
	stderr, err := os.OpenFile(filepath.Join(spec.Dir, spec.Name+".stderr"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	defer stderr.Close() //nolint:errcheck // the child has its own
	cmd.Stderr = stderr
	p := &process{spec: spec, cmd: cmd, ended: make(chan struct{})}
	if p.in, err = cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.out = bufio.NewReader(out)
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	return p, nil
}

// ready returns when the child serves.
func (p *process) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyTime)
	defer cancel()
	line := make(chan string, 1)
	go func() { // until the child says something, or ends
		text, _ := p.out.ReadString('\n')
		line <- strings.TrimSpace(text)
		if text == "" {
			p.reap()
		}
	}()
	select {
	case text := <-line:
		if text != "ready" {
			return fmt.Errorf("%s did not start: %q (see %s)", p.spec.Name, text, p.spec.Dir)
		}
		go p.reap() // until it ends
		return nil
	case <-ctx.Done():
		return fmt.Errorf("%s did not start: %w", p.spec.Name, ctx.Err())
	}
}

// reap waits for the child's end, once.
func (p *process) reap() {
	p.err = p.cmd.Wait()
	close(p.ended)
}

// tell gives the child a command, and waits until it was carried out.
func (p *process) tell(command string) error {
	p.asking.Lock()
	defer p.asking.Unlock()
	if _, err := fmt.Fprintln(p.in, command); err != nil {
		return err
	}
	answer, err := p.out.ReadString('\n')
	if err != nil {
		return err
	}
	if answer = strings.TrimSpace(answer); answer != "ok" {
		return errors.New(answer)
	}
	return nil
}

func (p *process) signal(s syscall.Signal) error { return p.cmd.Process.Signal(s) }

// kill is kill -9, and waits for the end. A process that was stopped dies of it, too.
func (p *process) kill() error {
	if err := p.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	<-p.ended
	return nil
}

// terminate is SIGTERM, and returns how the process ended.
func (p *process) terminate() error {
	if err := p.signal(syscall.SIGTERM); err != nil {
		return err
	}
	<-p.ended
	return p.err
}

// running says that it has not ended.
func (p *process) running() bool {
	select {
	case <-p.ended:
		return false
	default:
		return true
	}
}
