package cluster

import (
	"errors"
	"fmt"
)

// ErrDead: the incarnation was declared dead, or must be taken for it. The silo goes on
// as a new one.
var ErrDead = errors.New("declared dead")

// A TooLargeError is why a silo may not join.
type TooLargeError struct {
	Bytes          int
	Limit          int64
	Members, Types int
}

// Error says what to do.
func (e *TooLargeError) Error() string {
	return fmt.Sprintf("with this silo the view of the cluster (%d silos, %d grain types) would have %d bytes, and half of what the NATS server takes in a message is %d: raise the server's max_payload, or host fewer types apart",
		e.Members, e.Types, e.Bytes, e.Limit)
}
