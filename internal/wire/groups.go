package wire

import "google.golang.org/protobuf/encoding/protowire"

// tooDeep says whether groups in the fields that a message does not know nest deeper than
// messages may. Protobuf skips them, and bounds that at ten thousand.
//
// Only the payload's own unknown fields are looked at, not those of messages within it:
// to find these, all that was decoded would have to be walked, for every call.
func tooDeep(unknown []byte) bool {
	for depth := 1; len(unknown) > 0; {
		number, typ, n := protowire.ConsumeTag(unknown)
		if n < 0 {
			return true // protobuf took it, so this cannot be
		}
		unknown = unknown[n:]
		switch typ {
		case protowire.StartGroupType:
			if depth++; depth > maxDepth {
				return true
			}
		case protowire.EndGroupType:
			depth--
		default:
			if n = protowire.ConsumeFieldValue(number, typ, unknown); n < 0 {
				return true
			}
			unknown = unknown[n:]
		}
	}
	return false
}
