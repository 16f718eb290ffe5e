package bus

import (
	"net"

	"github.com/nats-io/nats.go"
)

// A dialer makes spools of the connections that another dials for one NATS client, which
// has one at a time.
type dialer struct {
	nats.CustomDialer
	last *spool // nil before the first
}

// spooled is a nats.Option. It comes after those that may choose a dialer.
func spooled(o *nats.Options) error {
	if o.CustomDialer == nil {
		var d net.Dialer
		if o.Dialer != nil {
			d = *o.Dialer
		} else {
			d.Timeout = o.Timeout
		}
		if o.AllowMultipathTCP != nil {
			d.SetMultipathTCP(*o.AllowMultipathTCP)
		}
		o.CustomDialer = &d
	}
	o.CustomDialer = &dialer{CustomDialer: o.CustomDialer}
	return nil
}

// Dial implements nats.CustomDialer.
func (d *dialer) Dial(network, address string) (net.Conn, error) {
	if d.last != nil {
		// NATS's client forgets a connection, and does not close it, on which the server
		// refused it when it reconnected. A goroutine would stay behind with each.
		_ = d.last.Close() // the others were closed before
	}
	c, err := d.CustomDialer.Dial(network, address)
	if err != nil {
		return nil, err
	}
	d.last = newSpool(c)
	return d.last, nil
}

// SkipTLSHandshake is asked for by NATS's client.
func (d *dialer) SkipTLSHandshake() bool {
	skip, ok := d.CustomDialer.(interface{ SkipTLSHandshake() bool })
	return ok && skip.SkipTLSHandshake()
}
