package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/pprof"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// A part is what another process of this program does. It says in a word how it is
// reached.
type part func(args []string) (reached string, stop func(), err error)

// partOf finds a part by its name.
func partOf(name string) part {
	if name == "server" {
		return serveNATS
	}
	for _, c := range contenders() {
		if c.name == name {
			return c.answer
		}
	}
	return nil
}

// play plays the part args[0] until its standard input ends. It says how it is reached,
// and then, for each line that it reads, how much CPU time it has used, in µs.
func play(args []string) error {
	part := partOf(args[0])
	if part == nil {
		return fmt.Errorf("there is no part %q to play: without arguments, bench measures", args[0])
	}
	stopProfile, err := profile(args[0])
	if err != nil {
		return err
	}
	defer stopProfile()
	reached, stop, err := part(args[1:])
	if err != nil {
		return err
	}
	defer stop()
	fmt.Println(reached)
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		fmt.Println(ownCPU().Microseconds())
	}
	return nil
}

// ownCPU is the CPU time that this process has used, in user mode and for it in the
// kernel.
func ownCPU() time.Duration {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		return 0 // it cannot fail with these arguments
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// profile writes a CPU profile of this process to the directory in PROFILE, if set.
func profile(name string) (stop func(), err error) {
	dir := os.Getenv("PROFILE")
	if dir == "" {
		return func() {}, nil
	}
	f, err := os.Create(filepath.Join(dir, name+".pprof"))
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return func() {
		pprof.StopCPUProfile()
		if err := f.Close(); err != nil {
			fmt.Fprintln(os.Stderr, "bench: profile:", err)
		}
	}, nil
}

// A process plays a part for this one.
type process struct {
	cmd     *exec.Cmd
	in      io.WriteCloser
	out     *bufio.Reader
	reached string
}

// start returns when the process has said how it is reached.
func start(args ...string) (*process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	p := &process{cmd: exec.Command(self, args...)}
	p.cmd.Stderr = os.Stderr
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	p.out = bufio.NewReader(out)
	if p.reached, err = p.line(); err != nil {
		return nil, errors.Join(err, p.stop())
	}
	return p, nil
}

func (p *process) line() (string, error) {
	line, err := p.out.ReadString('\n')
	if err != nil {
		return "", fmt.Errorf("the process that plays %s says nothing: %w", p.cmd.Args[1], err)
	}
	return strings.TrimSuffix(line, "\n"), nil
}

// cpu asks how much CPU time the process has used.
func (p *process) cpu() (time.Duration, error) {
	if _, err := io.WriteString(p.in, "\n"); err != nil {
		return 0, err
	}
	line, err := p.line()
	if err != nil {
		return 0, err
	}
	us, err := strconv.ParseInt(line, 10, 64)
	return time.Duration(us) * time.Microsecond, err
}

// stop ends the process and waits for it.
func (p *process) stop() error {
	return errors.Join(p.in.Close(), p.cmd.Wait())
}
