package main

import (
	"os"
	"strings"

	"github.com/teff-dev/teff/internal/bus"
)

// A contender is one way to call something in another process and get its answer. Each
// has a file of its own, and a line in contenders.
type contender struct {
	name string

	// answer is the part of the process that answers; its one argument is the URL of
	// the NATS server, for who needs one.
	answer part

	// dial connects to what answers, which said how it is reached. The call sends
	// payload and gets it back.
	dial func(server, reached string) (call call, stop func(), err error)
}

// contenders are what the remote rows compare; the first is the yardstick.
func contenders() []contender {
	return []contender{rawNATS(), teffCalls()}
}

// payload is what calls carry, 100 B.
func payload() string { return strings.Repeat("0123456789", 10) }

// serveNATS is the part of the NATS server in the middle. It has JetStream, where silos
// keep their cluster's records.
func serveNATS([]string) (string, func(), error) {
	dir, err := os.MkdirTemp("", "teff-bench-")
	if err != nil {
		return "", nil, err
	}
	s, err := bus.StartServer(bus.ServerOptions{Listen: "127.0.0.1:0", StoreDir: dir, Name: "bench", Logger: logger()})
	if err != nil {
		_ = os.RemoveAll(dir)
		return "", nil, err
	}
	return s.URL(), func() {
		s.Stop()
		_ = os.RemoveAll(dir)
	}, nil
}
