package wire

import (
	"errors"
	"strings"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/teff-dev/teff/grain"
)

// A Codec is how a payload encodes a message. A reply uses its request's.
type Codec int

// The codecs.
const (
	CodecProto Codec = iota + 1 // protobuf's binary encoding
	CodecJSON                   // protobuf's JSON encoding
)

// The content types of the codecs.
const (
	contentTypeProto = "application/protobuf"
	contentTypeJSON  = "application/json"
)

// maxDepth is how deep messages may nest in a payload.
const maxDepth = 100

// ContentType returns the codec's content type, or nothing for what is no codec.
func (c Codec) ContentType() string {
	switch c {
	case CodecProto:
		return contentTypeProto
	case CodecJSON:
		return contentTypeJSON
	default:
		return ""
	}
}

// String returns the codec's name, for errors and logs.
func (c Codec) String() string {
	switch c {
	case CodecProto:
		return "protobuf"
	case CodecJSON:
		return "JSON"
	default:
		return "no codec"
	}
}

// DetectCodec says how the payload is encoded: as the content type has it, whose
// parameters are ignored, or, without one, in JSON where the first byte is '{' and in
// protobuf otherwise. A content type that is unknown or given twice is
// INVALID_ARGUMENT.
func DetectCodec(h Header, payload []byte) (Codec, error) {
	values := h[HeaderContentType]
	switch len(values) {
	case 0:
		if len(payload) > 0 && payload[0] == '{' {
			return CodecJSON, nil
		}
		return CodecProto, nil
	case 1:
	default:
		return 0, invalid("the header %s is given %d times: give it once", HeaderContentType, len(values))
	}
	media, _, _ := strings.Cut(values[0], ";")
	switch media = trim(media); {
	case strings.EqualFold(media, contentTypeProto):
		return CodecProto, nil
	case strings.EqualFold(media, contentTypeJSON):
		return CodecJSON, nil
	default:
		return 0, invalid("%s: %s is not understood: send %s or %s", HeaderContentType, quote(media), contentTypeProto, contentTypeJSON)
	}
}

// Unmarshal reads the payload into m, and forgets what m held. An empty payload is the
// empty message. What is no such message, nests deeper than 100 messages (groups among the
// payload's unknown fields included) or, in JSON, has a field that m lacks or one twice,
// is INVALID_ARGUMENT.
func Unmarshal(c Codec, payload []byte, m proto.Message) error {
	var err error
	switch {
	case c == CodecProto:
		err = proto.UnmarshalOptions{RecursionLimit: maxDepth}.Unmarshal(payload, m)
		if err == nil && tooDeep(m.ProtoReflect().GetUnknown()) {
			err = errors.New("exceeded max recursion depth") // as protobuf says it
		}
	case c == CodecJSON && len(payload) > 0:
		err = protojson.UnmarshalOptions{RecursionLimit: maxDepth}.Unmarshal(payload, m)
	case c == CodecJSON:
		proto.Reset(m)
		err = proto.CheckInitialized(m)
	default:
		return grain.Errorf(grain.CodeInternal, "read a %s: the codec %d is none", m.ProtoReflect().Descriptor().FullName(), int(c))
	}
	if err != nil {
		return invalid("the payload is not a %s in %s: %s", m.ProtoReflect().Descriptor().FullName(), c, reason(err))
	}
	return nil
}

// Append appends m in the codec's encoding. A message that cannot be encoded (a string
// that is not UTF-8; in JSON an Any of a type that the program does not know) is
// INTERNAL, since m is the program's own; dst is then returned as it was.
//
// JSON is compact, and the same for the same message in the same release.
func Append(c Codec, dst []byte, m proto.Message) ([]byte, error) {
	var out []byte
	var err error
	switch c {
	case CodecProto:
		out, err = proto.MarshalOptions{}.MarshalAppend(dst, m)
	case CodecJSON:
		out, err = protojson.MarshalOptions{}.MarshalAppend(dst, m)
		if err == nil {
			out = out[:len(dst)+compact(out[len(dst):])]
		}
	default:
		return dst, grain.Errorf(grain.CodeInternal, "write a %s: the codec %d is none", m.ProtoReflect().Descriptor().FullName(), int(c))
	}
	if err != nil {
		return dst, grain.Errorf(grain.CodeInternal, "a %s cannot be written in %s: %s", m.ProtoReflect().Descriptor().FullName(), c, reason(err))
	}
	return out, nil
}

// compact takes the white space between the tokens out of JSON, in place, and returns
// how much is left. protojson adds some at random, lest anybody rely on it.
func compact(json []byte) int {
	kept, quoted := 0, false
	for i := 0; i < len(json); i++ {
		c := json[i]
		switch {
		case quoted && c == '\\': // the next byte is not the end of the string
			json[kept] = c
			kept++
			i++
			c = json[i]
		case c == '"':
			quoted = !quoted
		case !quoted && (c == ' ' || c == '\n' || c == '\t' || c == '\r'):
			continue
		}
		json[kept] = c
		kept++
	}
	return kept
}

// reason returns what protobuf's error says, without what it varies at random (its
// spaces) and without most of the payload, which it may repeat.
func reason(err error) string {
	const limit = 256
	text := strings.ReplaceAll(err.Error(), "\u00a0", " ")
	return clip(strings.ToValidUTF8(strings.TrimPrefix(text, "proto: "), "�"), limit)
}
