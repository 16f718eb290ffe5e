package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"sync/atomic"
)

// A process runs one silo.
type process struct {
	name  string
	cmd   *exec.Cmd
	stdin io.Closer // its end tells the process that this one is gone
	out   []io.WriteCloser
	ended atomic.Bool // its number may be another's by now
}

func startProcess(name string, command, env []string, out *prefixer) (*process, error) {
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Env = env
	ownGroup(cmd)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, stderr := out.of(name, out.io.out), out.of(name, out.io.err)
	cmd.Stdout, cmd.Stderr = stdout, stderr
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	return &process{name: name, cmd: cmd, stdin: stdin, out: []io.WriteCloser{stdout, stderr}}, nil
}

// wait returns when the process has ended, and all that has its output.
func (p *process) wait() error {
	err := p.cmd.Wait()
	p.ended.Store(true)
	for _, w := range p.out {
		_ = w.Close() // it writes what is left of a line
	}
	return err
}

// how says how it ended.
func (p *process) how() string { return p.cmd.ProcessState.String() }

// A prefixer writes what processes write, line by line, with their names before it.
type prefixer struct {
	io     streams
	colour bool

	mu    sync.Mutex // held while a line is written
	named []string
}

func newPrefixer(io streams) *prefixer {
	p := &prefixer{io: io}
	if f, ok := io.err.(*os.File); ok && os.Getenv("NO_COLOR") == "" {
		info, err := f.Stat()
		p.colour = err == nil && info.Mode()&os.ModeCharDevice != 0
	}
	return p
}

// of makes a writer for one process.
func (p *prefixer) of(name string, to io.Writer) io.WriteCloser {
	const colours = 6 // red to cyan
	p.mu.Lock()
	defer p.mu.Unlock()
	at := len(p.named)
	for i, n := range p.named {
		if n == name {
			at = i
		}
	}
	if at == len(p.named) {
		p.named = append(p.named, name)
	}
	prefix := name + " | "
	if p.colour {
		prefix = fmt.Sprintf("\x1b[%dm%s\x1b[0m", 31+(at+1)%colours, prefix)
	}
	return &linesOf{p: p, prefix: prefix, to: to}
}

// linesOf is the output of one process. One goroutine writes to it.
type linesOf struct {
	p      *prefixer
	prefix string
	to     io.Writer
	rest   []byte // of a line that has not ended
}

func (w *linesOf) Write(data []byte) (int, error) {
	w.rest = append(w.rest, data...)
	for {
		at := bytes.IndexByte(w.rest, '\n')
		if at < 0 {
			return len(data), nil
		}
		w.line(w.rest[:at])
		w.rest = w.rest[at+1:]
	}
}

// Close writes what is left of a line.
func (w *linesOf) Close() error {
	if len(w.rest) > 0 {
		w.line(w.rest)
	}
	w.rest = nil
	return nil
}

func (w *linesOf) line(text []byte) {
	w.p.mu.Lock()
	defer w.p.mu.Unlock()
	fmt.Fprintf(w.to, "%s%s\n", w.prefix, text)
}
