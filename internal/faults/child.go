//go:build linux

package faults

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/teff-dev/teff/internal/core/membership"
)

// childEnv carries what a child process is to be.
const childEnv = "TEFF_FAULTS_CHILD"

// A childSpec is what a child process is to be: a NATS server, or a silo.
type childSpec struct {
	Name string
	Dir  string // for logs, and what else it writes
	NATS string // of a silo: the server's URL; of a server: where it listens, HOST:PORT

	Server bool   // it is a NATS server
	Store  string // of a server: JetStream's directory

	Cluster   string
	Heartbeat time.Duration
	Drain     time.Duration
	Mutant    membership.Mutant
	Local     int       // callers within the silo
	Mesh      *meshSpec // nil: the server is another process
}

// Child runs the process as a child of the programme, if it is one, and says so. It is the
// first thing that main, or TestMain, calls.
func Child() bool {
	text := os.Getenv(childEnv)
	if text == "" {
		return false
	}
	var spec childSpec
	err := json.Unmarshal([]byte(text), &spec)
	switch {
	case err != nil:
	case spec.Server:
		err = serveNATS(spec)
	default:
		err = serveSilo(spec)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, spec.Name+":", err)
		os.Exit(1)
	}
	return true
}

// obey carries out the lines that come from the parent, and answers each. It returns when
// the parent has gone.
func obey(in io.Reader, out io.Writer, do func(verb, arg string) error) {
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		verb, arg, _ := strings.Cut(lines.Text(), " ")
		if err := do(verb, arg); err != nil {
			fmt.Fprintln(out, "error", err)
			continue
		}
		fmt.Fprintln(out, "ok")
	}
}
