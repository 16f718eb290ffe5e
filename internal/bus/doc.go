// Package bus is Teff's use of NATS: the connection with settings that survive an
// outage, the embedded server, and the reply multiplexer.
//
// It knows subjects and bytes, not grains.
package bus
