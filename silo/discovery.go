package silo

import (
	"fmt"

	"github.com/nats-io/nats.go/micro"

	"github.com/teff-dev/teff/internal/release"
	"github.com/teff-dev/teff/internal/wire"
)

// announce makes each grain type a NATS micro service, so that `nats micro ls` and its
// like show the cluster. Calls do not go through micro: it would run them one by one.
func (s *Silo) announce() error {
	for _, h := range s.sorted {
		srv, err := micro.AddService(s.nc, micro.Config{
			Name:        h.token,
			Version:     release.Version,
			Description: "Teff grain type " + h.kind.Service.Type,
			Metadata: map[string]string{
				"teff.cluster":     s.cfg.Cluster,
				"teff.type":        h.kind.Service.Type,
				"teff.incarnation": s.present.Load().id(),
				"teff.wire":        fmt.Sprint(wire.Version),
				"teff.subject":     s.names.Call(h.kind.Service.Type, "KEY", "METHOD"),
			},
		})
		if err != nil {
			return fmt.Errorf("announce %s: %w", h.kind.Service.Type, err)
		}
		s.services = append(s.services, srv)
	}
	return nil
}
