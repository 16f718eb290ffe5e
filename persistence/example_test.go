package persistence_test

import (
	"errors"
	"fmt"

	"github.com/teff-dev/teff/persistence"
)

// What a record of state holds says what it is, and whether it is still whole.
func ExampleEnvelope() {
	value := persistence.Envelope{
		Codec:  persistence.CodecProto,
		Schema: "bank.v1.AccountState",
		Data:   []byte{0x08, 0x46},
	}.Seal(nil)

	envelope, err := persistence.OpenEnvelope(value)
	fmt.Println(envelope.Schema, envelope.Data, err) //nolint:staticcheck // the bytes as numbers, not as text

	value[len(value)-5] ^= 1
	_, err = persistence.OpenEnvelope(value)
	fmt.Println("damaged:", errors.Is(err, persistence.ErrCorrupt))
	// Output:
	// bank.v1.AccountState [8 70] <nil>
	// damaged: true
}
