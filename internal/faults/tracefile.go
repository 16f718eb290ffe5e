//go:build linux

package faults

import (
	"bufio"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/teff-dev/teff/internal/core/membership"
	"github.com/teff-dev/teff/internal/rig"
	"github.com/teff-dev/teff/persistence"
)

// boottime is the host's boot clock: one for all processes, and nobody sets it.
func boottime() time.Duration {
	var ts unix.Timespec
	if unix.ClockGettime(unix.CLOCK_BOOTTIME, &ts) != nil {
		return 0
	}
	return time.Duration(ts.Nano())
}

// A traceFile takes the passes of a process, one a line. Each is written at once: what
// was killed has told all.
type traceFile struct {
	mu   sync.Mutex
	file *os.File
	zero time.Duration // the boot clock at the zero of the silo's
}

func newTraceFile(path string, now func() membership.Time) (*traceFile, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	zero := time.Duration(math.MaxInt64)
	for range 100 { // the two are read one after the other; the closest readings count
		at := now()
		zero = min(zero, boottime()-time.Duration(at))
	}
	return &traceFile{file: f, zero: zero}, nil
}

// write is a rig's Pass.
func (t *traceFile) write(p rig.Pass) {
	line := fmt.Sprintf("%c %d %s %d %s %016x %016x %q %d\n", p.Gate, t.zero+time.Duration(p.At),
		p.Shard.Type, p.Shard.Partition, p.Incarnation, p.Fence.Generation, p.Fence.Since, p.Key.Grain, p.Revision)
	t.mu.Lock()
	defer t.mu.Unlock()
	_, _ = t.file.WriteString(line) // a trace that is missing is found out by the checker
}

// A pass is a pass of a gate on the host's boot clock.
type pass struct {
	rig.Pass
	at   time.Duration
	node string
}

// readTraces reads what all processes wrote.
func readTraces(dir string) ([]pass, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.passes"))
	if err != nil {
		return nil, err
	}
	var all []pass
	for _, path := range files {
		f, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		lines := bufio.NewScanner(f)
		for lines.Scan() {
			p, err := parsePass(lines.Text())
			if err != nil {
				continue // the last line of a process that was killed
			}
			p.node = strings.TrimSuffix(filepath.Base(path), ".passes")
			all = append(all, p)
		}
		_ = f.Close() // it was read
		if err := lines.Err(); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func parsePass(line string) (pass, error) {
	var p pass
	var gate string
	var revision uint64
	var f persistence.Fence
	_, err := fmt.Sscanf(line, "%1s %d %s %d %s %x %x %q %d", &gate, &p.at, &p.Shard.Type, &p.Shard.Partition,
		&p.Incarnation, &f.Generation, &f.Since, &p.Key.Grain, &revision)
	if err != nil {
		return p, err
	}
	p.Gate, p.Fence, p.Revision = rig.Gate(gate[0]), f, persistence.Revision(revision)
	return p, nil
}
