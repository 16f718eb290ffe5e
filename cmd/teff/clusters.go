package main

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/nats-io/nats.go/micro"
)

// clustersWait is how long silos of other clusters have to say that they are there.
const clustersWait = 250 * time.Millisecond

// clusters finds clusters by what silos tell NATS's own service discovery. It is for a
// hint, so that whatever goes wrong means none.
func (s *session) clusters(ctx context.Context) []string {
	subject, err := micro.ControlSubject(micro.InfoVerb, "", "")
	if err != nil {
		return nil
	}
	inbox := s.nc.NewInbox()
	answers, err := s.nc.SubscribeSync(inbox)
	if err != nil {
		return nil
	}
	defer answers.Unsubscribe() //nolint:errcheck // of no further use either way
	if s.nc.PublishRequest(subject, inbox, nil) != nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, clustersWait)
	defer cancel()
	var found []string
	for {
		msg, err := answers.NextMsgWithContext(ctx)
		if err != nil || len(msg.Data) == 0 { // the latter: nobody listens
			break
		}
		var info micro.Info
		if json.Unmarshal(msg.Data, &info) == nil && info.Metadata["teff.cluster"] != "" {
			found = append(found, info.Metadata["teff.cluster"])
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}
