package silo_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/teff-dev/teff/silo"
)

// loopbackTLS is a configuration for both ends, whose certificate vouches for itself.
func loopbackTLS(t *testing.T) *tls.Config {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "mesh"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(cert)
	return &tls.Config{
		Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}},
		RootCAs:      pool, ClientCAs: pool, ClientAuth: tls.RequireAndVerifyClientCert, MinVersion: tls.VersionTLS12,
	}
}

// Routes speak TLS and want a password, outside clients speak TLS, and the silos' own
// connections need neither.
func TestMeshWithTLS(t *testing.T) {
	t.Parallel() // most of it is waiting for elections
	m := newMesh(t, 3)
	for i := range m.peers {
		m.peers[i].Route = strings.Replace(m.peers[i].Route, "//", "//mesh:secret@", 1)
	}
	both := loopbackTLS(t)
	var wg sync.WaitGroup
	for i := range m.silos {
		wg.Go(func() {
			cfg := m.config(i)
			cfg.ListenTLS, cfg.Mesh.TLS = both, both
			s, err := silo.Start(t.Context(), cfg)
			if err != nil {
				t.Errorf("n%d: %v", i, err)
				return
			}
			m.silos[i] = s
		})
	}
	wg.Wait()
	if t.Failed() {
		t.FailNow()
	}
	m.deposits(0, 1)
	m.deposits(2, 2)
	url := m.silos[0].URL()
	if !strings.HasPrefix(url, "tls://") {
		t.Errorf("the URL is %s", url)
	}
	if nc, err := nats.Connect(strings.Replace(url, "tls:", "nats:", 1)); err == nil {
		nc.Close()
		t.Error("a client without a certificate was let in")
	}
	nc, err := nats.Connect(url, nats.Secure(both))
	if err != nil {
		t.Fatal(err)
	}
	nc.Close()
}
