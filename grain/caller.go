package grain

import (
	"context"

	"google.golang.org/protobuf/proto"

	"github.com/teff-dev/teff/internal/seam"
)

// A Caller is what grains are called through: a client, a silo or, inside a grain,
// its own activation. Generated code makes refs from it: AccountOf(caller, "alice").
type Caller interface {
	// Invoke is what refs call. It is not for users: m is of an internal type.
	Invoke(ctx context.Context, m *seam.Method, key string, req proto.Message) (proto.Message, error)
}
