//go:build linux

package faults

import (
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// serveNATS is a child that is a NATS server with JetStream, until its parent goes.
func serveNATS(spec childSpec) error {
	host, port, err := net.SplitHostPort(spec.NATS)
	if err != nil {
		return err
	}
	number, err := strconv.Atoi(port)
	if err != nil {
		return err
	}
	srv, err := server.NewServer(&server.Options{
		ServerName: spec.Name,
		Host:       host,
		Port:       number,
		NoSigs:     true,
		JetStream:  true,
		StoreDir:   spec.Store,
		SyncAlways: true,
		LogFile:    spec.Dir + "/" + spec.Name + ".log",
	})
	if err != nil {
		return err
	}
	srv.ConfigureLogger()
	srv.Start()
	if !srv.ReadyForConnections(30 * time.Second) {
		return fmt.Errorf("the NATS server is not ready on %s", spec.NATS)
	}
	fmt.Println("ready")
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}
