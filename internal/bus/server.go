package bus

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// ServerOptions configure an embedded NATS server.
type ServerOptions struct {
	Listen   string // HOST:PORT; port 0 is a free one
	Private  bool   // listen nowhere: only this process connects
	StoreDir string // JetStream's; empty: no JetStream
	Name     string
	Logger   *slog.Logger // told of the server's warnings and errors

	// MapFrom and MapTo are a subject mapping that the server applies to what its
	// clients publish; see wire.Names.PartitionMapping. Empty: none.
	MapFrom, MapTo string

	// Unsynced lets JetStream acknowledge what is not on the disk yet: for tests, whose
	// files need not outlive the machine.
	Unsynced bool

	TLS  *tls.Config  // of outside clients; nil: none
	Mesh *MeshOptions // nil: the server is alone
}

// A Server is a NATS server inside this process.
type Server struct {
	srv     *server.Server
	private bool // listens nowhere
	random  bool // listens on a port that was free
	secure  bool // outside clients speak TLS
	mesh    *MeshOptions
}

// readyWait is how long an embedded server may take to start; it takes milliseconds,
// unless JetStream recovers a lot.
const readyWait = 30 * time.Second

// StartServer starts a server and returns when it accepts connections.
func StartServer(o ServerOptions) (*Server, error) {
	if o.Private {
		o.Listen = "127.0.0.1:0"
	}
	opts, err := o.forServer()
	if err != nil {
		return nil, err
	}
	random := opts.Port == server.RANDOM_PORT // the server writes the one it found there
	srv, err := server.NewServer(opts)
	if err != nil {
		return nil, fmt.Errorf("embedded NATS server: %w", err)
	}
	log := &serverLog{log: o.Logger}
	srv.SetLoggerV2(log, false, false, false)
	srv.Start()
	s := &Server{srv: srv, private: o.Private, random: random, secure: o.TLS != nil, mesh: o.Mesh}
	if cause := log.fatal.Load(); cause != nil { // it would never be ready
		s.Stop()
		return nil, fmt.Errorf("embedded NATS server with its files in %q: %s", o.StoreDir, *cause)
	}
	if !srv.ReadyForConnections(readyWait) {
		s.Stop()
		return nil, fmt.Errorf("embedded NATS server: not ready on %s within %s", o.Listen, readyWait)
	}
	if o.MapFrom != "" {
		// The account is looked up after the start: the server copies its options' accounts.
		if err := srv.GlobalAccount().AddMapping(o.MapFrom, o.MapTo); err != nil {
			s.Stop()
			return nil, fmt.Errorf("embedded NATS server: map %s to %s: %w", o.MapFrom, o.MapTo, err)
		}
	}
	return s, nil
}

// forServer makes NATS's own options, and finds out whether the addresses are free.
func (o ServerOptions) forServer() (*server.Options, error) {
	host, port, err := splitListen(o.Listen)
	if err != nil {
		return nil, err
	}
	if err := probe(o.Listen); err != nil {
		return nil, err
	}
	opts := &server.Options{
		ServerName: o.Name,
		Host:       host,
		Port:       port,
		DontListen: o.Private,
		NoSigs:     true, // signals are the silo's business
		JetStream:  o.StoreDir != "",
		StoreDir:   o.StoreDir,
		SyncAlways: !o.Unsynced, // the default acknowledges up to two minutes before it syncs
		TLSConfig:  o.TLS,
	}
	if o.TLS != nil {
		opts.TLSTimeout = tlsTimeout.Seconds()
	}
	if o.Mesh == nil {
		return opts, nil
	}
	if err := probe(o.Mesh.Listen); err != nil {
		return nil, err
	}
	return opts, o.Mesh.apply(opts)
}

// tlsTimeout is how long a TLS handshake may take.
const tlsTimeout = 2 * time.Second

// splitListen reads an address to listen on; the port of a free one is NATS's mark for it.
func splitListen(listen string) (host string, port int, err error) {
	host, text, err := net.SplitHostPort(listen)
	if err != nil {
		return "", 0, fmt.Errorf("listen address %q is not HOST:PORT: %w", listen, err)
	}
	number, err := strconv.ParseUint(text, 10, 16)
	if err != nil {
		return "", 0, fmt.Errorf("listen address %q: the port is not a number from 0 to 65535", listen)
	}
	if number == 0 {
		return host, server.RANDOM_PORT, nil
	}
	return host, int(number), nil
}

// probe fails where the server would end the process or wait for long: when the address
// is taken.
func probe(listen string) error {
	l, err := net.Listen("tcp", listen)
	if err != nil {
		return fmt.Errorf("embedded NATS server cannot listen on %s (is another silo running there? choose another port, or 0 for a free one): %w", listen, err)
	}
	return l.Close()
}

// URL is where clients connect.
func (s *Server) URL() string {
	if s.private {
		return "nats://in-process"
	}
	scheme := "nats://"
	if s.secure {
		scheme = "tls://"
	}
	return scheme + s.srv.Addr().String()
}

// New says that nobody can have been connected to an earlier server in this one's place:
// it listens nowhere, or where it has found a free port. In a mesh they come by way of the
// other nodes.
func (s *Server) New() bool { return s.mesh == nil && (s.private || s.random) }

// InProcessConn implements nats.InProcessConnProvider.
func (s *Server) InProcessConn() (net.Conn, error) {
	if s.srv == nil {
		return nil, errors.New("the embedded NATS server was not started")
	}
	c, err := s.srv.InProcessConn()
	if err != nil {
		return nil, err
	}
	return newSpool(c), nil
}

// Stop stops the server and waits for its end.
func (s *Server) Stop() {
	s.srv.Shutdown()
	s.srv.WaitForShutdown()
}

// serverLog passes on what a silo's operator should see. Notices are the server's
// banner, and of interest to nobody who embeds it. What would end a server's own process
// is kept for StartServer to return.
type serverLog struct {
	log   *slog.Logger
	fatal atomic.Pointer[string]
}

func (l *serverLog) Noticef(string, ...any) {}
func (l *serverLog) Debugf(string, ...any)  {}
func (l *serverLog) Tracef(string, ...any)  {}

// routine says that a message is what a node of a mesh writes whenever another is not
// there, several times a second. The silo says whom it waits for.
func routine(text string) bool {
	for _, beginning := range []string{"Error trying to connect to route", "Waiting for routing", "JetStream has not established contact", "Metalayer blocking snapshot"} {
		if strings.HasPrefix(text, beginning) {
			return true
		}
	}
	return false
}

func (l *serverLog) Warnf(format string, v ...any) {
	if text := fmt.Sprintf(format, v...); !routine(text) {
		l.log.Warn("embedded NATS: " + text)
	}
}

func (l *serverLog) Errorf(format string, v ...any) {
	if text := fmt.Sprintf(format, v...); !routine(text) {
		l.log.Error("embedded NATS: " + text)
	}
}

func (l *serverLog) Fatalf(format string, v ...any) {
	cause := fmt.Sprintf(format, v...)
	l.fatal.CompareAndSwap(nil, &cause)
	l.log.Error("embedded NATS: " + cause)
}
