package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/teff-dev/teff/grain"
	teffv1 "github.com/teff-dev/teff/protos/teff/v1"
)

// DevCmd is teff dev.
type DevCmd struct {
	Silos   int      `default:"3" placeholder:"N" help:"How many. Default: ${default}."`
	Dir     string   `placeholder:"DIR" help:"Keep their state here. Default: a temporary directory, which is removed at the end."`
	Listen  string   `default:"127.0.0.1:4222" placeholder:"HOST:PORT" help:"Where the first one's NATS server listens; the others take free ports. Default: ${default}."`
	Command []string `arg:"" optional:"" placeholder:"COMMAND" help:"What runs one silo, behind a --. Default: the Go program of this directory."`
}

// Help is the long help of teff dev.
func (*DevCmd) Help() string {
	return "Runs a program several times, as silos of one mesh on loopback. The program reads its part from the environment, as silo.Main does. " +
		"Ctrl-C drains them all; once more kills them. A silo that ends is not started again: teff drain, or kill -9, and see what the others do."
}

// A dev is silos that run.
type dev struct {
	io        streams
	processes []*process
	stopping  bool // what ends now was meant to
}

// Run runs silos until they have all ended.
func (c *DevCmd) Run(ctx context.Context, io streams, g *Globals) (err error) {
	if c.Silos < 1 {
		return usage("--silos is %d: it is at least 1", c.Silos)
	}
	dir, fresh := c.Dir, isEmpty(c.Dir)
	if dir == "" {
		if dir, err = os.MkdirTemp("", "teff-dev-"); err != nil {
			return fmt.Errorf("make a temporary directory: %w", err)
		}
		defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
		fresh = true
		io.note("state in %s, which is removed at the end (--dir DIR keeps it)", dir)
	}
	command, err := c.program(ctx, io, dir)
	if err != nil {
		return err
	}
	envs, err := c.environments(g, dir, fresh)
	if err != nil {
		return err
	}
	d := &dev{io: io}
	out := newPrefixer(io)
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM) // until the silos have ended, not even a second one ends this process
	defer signal.Stop(signals)
	for i, env := range envs {
		p, err := startProcess(fmt.Sprint("silo-", i+1), command, env, out)
		if err != nil {
			d.each((*process).kill)
			d.wait(context.WithoutCancel(ctx), nil)
			return fmt.Errorf("run %s: %w", command[0], err)
		}
		d.processes = append(d.processes, p)
	}
	up, cancel := context.WithCancel(ctx)
	var told sync.WaitGroup
	told.Go(func() { g.tellUp(up, io, "nats://"+c.Listen, c.Silos) })
	failed := d.wait(ctx, signals)
	cancel()
	told.Wait()
	if failed > 0 {
		return &failure{exit: exitCoded, err: grain.Errorf(grain.CodeUnknown, "%s ended with an error", count(failed, "silo"))}
	}
	return nil
}

// program is what runs one silo; without a command it is built.
func (c *DevCmd) program(ctx context.Context, io streams, dir string) ([]string, error) {
	if len(c.Command) > 0 {
		return c.Command, nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the directory: %w", err)
	}
	program, err := filepath.Abs(filepath.Join(dir, "program"))
	if err != nil {
		return nil, err
	}
	if runtime.GOOS == "windows" {
		program += ".exe"
	}
	build := exec.CommandContext(ctx, "go", "build", "-o", program, ".")
	build.Stdout, build.Stderr = io.err, io.err
	if err := build.Run(); err != nil {
		return nil, (&failure{exit: exitCoded, err: grain.Errorf(grain.CodeFailedPrecondition, "cannot build the Go program of this directory: %w", err)}).
			hint("go to the directory of its main package, or say what to run: teff dev -- COMMAND")
	}
	return []string{program}, nil
}

// environments say to each silo who it is.
func (c *DevCmd) environments(g *Globals, dir string, fresh bool) ([][]string, error) {
	routes, err := freePorts(c.Silos)
	if err != nil {
		return nil, err
	}
	var peers []string
	for i, route := range routes[:min(c.Silos, 3)] {
		peers = append(peers, fmt.Sprintf("silo-%d=nats://%s", i+1, route))
	}
	var base []string
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "TEFF_SILO_") {
			base = append(base, v)
		}
	}
	all := make([][]string, c.Silos)
	for i := range all {
		name, listen := fmt.Sprint("silo-", i+1), "127.0.0.1:0"
		if i == 0 {
			listen = c.Listen
		}
		all[i] = append(append([]string{}, base...),
			"TEFF_CLUSTER="+g.Cluster, "TEFF_SILO_NAME="+name, "TEFF_SILO_LISTEN="+listen,
			"TEFF_SILO_DATA="+filepath.Join(dir, name), "TEFF_SILO_MESH_NODE="+name,
			"TEFF_SILO_MESH_PEERS="+strings.Join(peers, ","), "TEFF_SILO_MESH_LISTEN="+routes[i], "TEFF_SILO_STDIN=1")
		if fresh {
			all[i] = append(all[i], "TEFF_SILO_MESH_NEW=1")
		}
	}
	return all, nil
}

// wait returns when all processes have ended, and how many did so by themselves and badly.
// When ctx ends they are asked to end, and with the next signal made to.
func (d *dev) wait(ctx context.Context, signals <-chan os.Signal) (failed int) {
	type end struct {
		p   *process
		err error
	}
	ends := make(chan end)
	for _, p := range d.processes {
		go func() { ends <- end{p, p.wait()} }()
	}
	done := ctx.Done()
	for left := len(d.processes); left > 0; {
		select {
		case e := <-ends:
			left--
			bad := e.err != nil && (!d.stopping || e.p.cmd.ProcessState.ExitCode() >= 0) // else our signal ended it, as it does go run
			if bad {
				failed++
			}
			if bad || !d.stopping {
				d.io.note("%s has ended (%s); %s left", e.p.name, e.p.how(), count(left, "silo"))
			}
		case <-done:
			done = nil
			d.stopping = true
			for len(signals) > 0 {
				<-signals // the one that ended ctx
			}
			d.io.note("draining %s; once more to kill them", count(left, "silo"))
			d.each((*process).terminate)
		case <-signals:
			if d.stopping {
				d.each((*process).kill)
			}
		}
	}
	return failed
}

func (d *dev) each(f func(*process)) {
	for _, p := range d.processes {
		if !p.ended.Load() {
			f(p)
		}
	}
}

// tellUp tells when all silos are members of one cluster, and how to reach them.
func (g *Globals) tellUp(ctx context.Context, io streams, url string, silos int) {
	began := time.Now()
	at := *g
	at.NATS = url
	for ctx.Err() == nil {
		if v, err := at.look(ctx); err == nil && len(v.GetMembers()) >= silos {
			io.note("%s up after %s: teff view --nats %s", count(silos, "silo"), time.Since(began).Round(100*time.Millisecond), url)
			return
		}
		select {
		case <-ctx.Done():
		case <-time.After(viewLook):
		}
	}
}

func (g *Globals) look(ctx context.Context) (*teffv1.View, error) {
	ctx, s, err := g.connect(ctx)
	if err != nil {
		return nil, err
	}
	defer s.close()
	return s.view(ctx)
}

// isEmpty says that there is nothing in a directory, or no directory.
func isEmpty(dir string) bool {
	entries, err := os.ReadDir(dir)
	return err != nil || len(entries) == 0
}

// freePorts are addresses on loopback that nobody listens on at the moment.
func freePorts(n int) (all []string, err error) {
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, fmt.Errorf("find a free port: %w", err)
		}
		defer l.Close() //nolint:errcheck // it has served its purpose
		all = append(all, l.Addr().String())
	}
	return all, nil
}
