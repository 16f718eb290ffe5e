package cluster

import (
	"log/slog"
	"slices"

	"github.com/teff-dev/teff/internal/core/membership"
)

// listen has what the server announces on the subject told to the node.
func (c *Cluster) listen(subject string) error {
	sub, err := c.bucket.watch(subject, func(key membership.Key, revision uint64, r membership.Record) {
		c.Tell(membership.Seen{Key: key, Revision: revision, Record: r})
	})
	if err == nil {
		c.heard[subject] = sub
	}
	return err
}

// hear listens to those whom the node wants to hear, and to nobody else.
func (c *Cluster) hear(e membership.Hear) {
	beats := c.bucket.announced() + beatPrefix
	wanted := []string{c.bucket.announced() + viewToken}
	if e.All {
		wanted = append(wanted, beats+"*")
	}
	for _, incarnation := range e.Incarnations {
		wanted = append(wanted, beats+incarnation)
	}
	for _, subject := range wanted {
		if c.heard[subject] != nil {
			continue
		}
		if err := c.listen(subject); err != nil {
			// It is taken for silent, and read before it is declared dead.
			c.log.Warn("listen to a member", slog.String("subject", subject), slog.Any("error", err))
		}
	}
	for subject := range c.heard {
		if !slices.Contains(wanted, subject) {
			c.forget(subject)
		}
	}
}

func (c *Cluster) deafen() {
	for subject := range c.heard {
		c.forget(subject)
	}
}

func (c *Cluster) forget(subject string) {
	_ = c.heard[subject].Unsubscribe() // what has ended before is no news
	delete(c.heard, subject)
}
