package bus

import (
	"net"

	"github.com/nats-io/nats.go"
)

// A dialer makes spools of the connections that another dials.
type dialer struct{ nats.CustomDialer }

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
	o.CustomDialer = dialer{o.CustomDialer}
	return nil
}

// Dial implements nats.CustomDialer.
func (d dialer) Dial(network, address string) (net.Conn, error) {
	c, err := d.CustomDialer.Dial(network, address)
	if err != nil {
		return nil, err
	}
	return newSpool(c), nil
}

// SkipTLSHandshake is asked for by NATS's client.
func (d dialer) SkipTLSHandshake() bool {
	skip, ok := d.CustomDialer.(interface{ SkipTLSHandshake() bool })
	return ok && skip.SkipTLSHandshake()
}
