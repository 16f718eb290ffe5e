//go:build linux

package faults

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/nats-io/nats.go"
	"golang.org/x/sys/unix"

	"github.com/teff-dev/teff/client"
	"github.com/teff-dev/teff/grain"
	"github.com/teff-dev/teff/internal/core/membership"
	"github.com/teff-dev/teff/internal/wire"
)

// clusterName is that of every run.
const clusterName = "faults"

// A world is a NATS server, silos, and their callers.
type world struct {
	dir    string
	sc     *scenario
	mutant membership.Mutant
	net    *network // nil: all live in one namespace
	mesh   *meshSpec
	listen string // the NATS server's HOST:PORT

	nats  *process
	mu    sync.Mutex
	silos map[string]*process

	views  *views
	closes []func()
	crowd  *crowd
	faults []time.Duration // when one was injected
	pauses []pause
	lost   time.Duration // when nothing was left of a store that was lost
}

func siloName(i int) string { return fmt.Sprintf("silo-%d", i) }

// begin starts everything, and returns when the silos share what there is.
func (w *world) begin(ctx context.Context) error {
	if err := w.beginNATS(ctx); err != nil {
		return err
	}
	var starting []func() error
	for i := range w.sc.silos {
		p, err := w.spawnSilo(siloName(i))
		if err != nil {
			return err
		}
		w.silos[p.spec.Name] = p
		starting = append(starting, func() error { return p.ready(ctx) })
	}
	if err := together(starting); err != nil {
		return err
	}
	if w.mesh != nil {
		w.mesh.New = false
	}
	if err := w.connect(ctx); err != nil {
		return err
	}
	return w.until(ctx, 30*time.Second+10*w.sc.heartbeat, fmt.Sprintf("%d silos share all shards", w.sc.silos), func() bool {
		w.views.ask()
		return w.views.settled(w.sc.silos)
	})
}

// beginNATS starts the server, or finds where the silos' own are to listen.
func (w *world) beginNATS(ctx context.Context) (err error) {
	if w.sc.mesh {
		w.mesh, err = newMesh(w.sc.silos)
		return err
	}
	port, err := freePort()
	if err != nil {
		return err
	}
	host := "127.0.0.1"
	if w.sc.network {
		if w.net, err = newNetwork(w.sc.silos); err != nil {
			return err
		}
		host = "0.0.0.0"
	}
	w.listen = fmt.Sprintf("%s:%d", host, port)
	if w.sc.disk > 0 {
		if err := mountDisk(w.store(), w.sc.disk); err != nil {
			return err
		}
	}
	return w.startNATS(ctx)
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close() //nolint:errcheck // it was never used
	addr, _ := l.Addr().(*net.TCPAddr)
	return addr.Port, nil
}

func (w *world) startNATS(ctx context.Context) error {
	p, err := spawn(childSpec{
		Name: "nats", Dir: w.dir, Server: true, NATS: w.listen, Store: w.store(),
	}, "")
	if err != nil {
		return err
	}
	w.nats = p
	return p.ready(ctx)
}

// store is the NATS server's directory.
func (w *world) store() string { return filepath.Join(w.dir, "nats") }

// url is where callers, and silos without a network of their own, connect.
func (w *world) url() string {
	if w.mesh != nil {
		return w.mesh.url()
	}
	_, port, _ := net.SplitHostPort(w.listen)
	return "nats://127.0.0.1:" + port
}

func (w *world) spawnSilo(name string) (*process, error) {
	spec := childSpec{
		Name: name, Dir: w.dir, NATS: w.url(), Cluster: clusterName,
		Heartbeat: w.sc.heartbeat, Drain: w.sc.drain, Mutant: w.mutant, Local: w.sc.local, Mesh: w.mesh,
	}
	namespace := ""
	if w.net != nil {
		_, port, _ := net.SplitHostPort(w.listen)
		spec.NATS, namespace = w.net.home(name)+":"+port, w.net.namespace(name)
	}
	return spawn(spec, namespace)
}

// restart starts a silo anew, as a supervisor would; what was there must have ended.
func (w *world) restart(ctx context.Context, name string) error {
	p, err := w.spawnSilo(name)
	if err != nil {
		return err
	}
	w.mu.Lock()
	w.silos[name] = p
	w.mu.Unlock()
	return p.ready(ctx)
}

// silo returns the process that is the silo now.
func (w *world) silo(name string) *process {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.silos[name]
}

// atDoor says that a caller calls at the door.
func (w *world) atDoor(caller int) bool {
	_, is := w.crowd.caller(caller).(*door)
	return is
}

// connect makes the callers: two Go clients, and a plain NATS client at the door.
func (w *world) connect(ctx context.Context) error {
	names, err := wire.NewNames(clusterName)
	if err != nil {
		return err
	}
	var callers []grain.Caller
	for range 2 {
		c, err := client.Connect(ctx, client.Config{NATS: w.url(), Cluster: clusterName, Logger: slog.New(slog.DiscardHandler)})
		if err != nil {
			return err
		}
		w.closes = append(w.closes, c.Close)
		callers = append(callers, c)
	}
	nc, err := nats.Connect(w.url(), nats.MaxReconnects(-1), nats.ReconnectWait(100*time.Millisecond),
		nats.ReconnectBufSize(-1), nats.PingInterval(2*time.Second), nats.MaxPingsOutstanding(2),
		nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {}))
	if err != nil {
		return err
	}
	w.closes = append(w.closes, nc.Close)
	callers = append(callers, &door{nc: nc, names: names})
	w.crowd.callers.Store(&callers)
	w.views, err = watchViews(nc, names)
	return err
}

// until returns when cond holds.
func (w *world) until(ctx context.Context, limit time.Duration, what string, cond func() bool) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for !cond() {
		if err := wait(ctx, 20*time.Millisecond); err != nil {
			return fmt.Errorf("within %s it did not come about that %s", limit, what)
		}
	}
	return nil
}

// fault writes down that one is injected now.
func (w *world) fault() { w.faults = append(w.faults, boottime()) }

// end stops the silos in order and the rest at once, and returns what is wrong with how
// they ended.
func (w *world) end() []string {
	var bad []string
	var stopping []func() error
	for name, p := range w.silos {
		if !p.running() {
			bad = append(bad, fmt.Sprintf("%s has ended by itself: %v", name, p.err))
			continue
		}
		stopping = append(stopping, func() error {
			if err := p.terminate(); err != nil {
				return fmt.Errorf("%s, when it was to stop: %w", name, err)
			}
			return nil
		})
	}
	if err := together(stopping); err != nil {
		bad = append(bad, err.Error())
	}
	for _, f := range w.closes {
		f()
	}
	return bad
}

// clear ends what still runs, whatever came before.
func (w *world) clear() error {
	var errs []error
	for _, p := range w.silos {
		errs = append(errs, w.finish(p))
	}
	errs = append(errs, w.finish(w.nats))
	if w.net != nil {
		errs = append(errs, w.net.remove())
	}
	if w.sc.disk > 0 {
		errs = append(errs, unix.Unmount(w.store(), 0))
	}
	return errors.Join(errs...)
}

func (w *world) finish(p *process) error {
	if p == nil || !p.running() {
		return nil
	}
	_ = p.signal(syscall.SIGCONT) // it may have been stopped
	return p.kill()
}

// removeAll removes the world's files.
func (w *world) removeAll() error { return os.RemoveAll(w.dir) }

// together does all at once, and returns what went wrong.
func together(all []func() error) error {
	errs := make([]error, len(all))
	var wg sync.WaitGroup
	for i, f := range all {
		wg.Go(func() { errs[i] = f() })
	}
	wg.Wait()
	return errors.Join(errs...)
}
