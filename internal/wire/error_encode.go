package wire

import (
	"encoding/json"
	"strconv"
	"strings"
	"unicode"

	"google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/protobuf/types/known/anypb"

	"github.com/teff-dev/teff/grain"
)

// MaxErrorHeaderBytes is the longest sentence in the header of an error.
const MaxErrorHeaderBytes = 1024

// EncodeError returns the reply that says e, for a request in the codec c.
//
// The headers are complete but for the details, and for a message that a header cannot
// hold as it is (longer than MaxErrorHeaderBytes, of several lines); then the body is a
// google.rpc.Status, and otherwise nil. So a body that turns out to be too large to
// send can be left out.
func EncodeError(e *grain.Error, c Codec) (Header, []byte) {
	line := headerLine(e.Message())
	whole := line == e.Message() || e.Message() == ""
	if line == "" {
		line = e.Code().String()
	}
	h := Header{
		HeaderServiceErrorCode: {strconv.Itoa(e.Code().Number())},
		HeaderServiceError:     {line},
		HeaderCode:             {e.Code().String()},
	}
	if e.NotExecuted() {
		h[HeaderNotExecuted] = []string{"1"}
	}
	if whole && len(e.Details()) == 0 {
		return h, nil
	}
	body := encodeStatus(&status.Status{
		Code:    statusCode(e.Code()),
		Message: strings.ToValidUTF8(e.Message(), "�"),
		Details: e.Details(),
	}, c)
	if body != nil {
		h[HeaderContentType] = []string{c.ContentType()}
	}
	return h, body
}

// statusCode returns the code's number in google.rpc.Status, which is gRPC's.
func statusCode(c grain.Code) int32 {
	if c < grain.CodeCancelled || c > grain.CodeUnauthenticated {
		return int32(grain.CodeUnknown)
	}
	return int32(c)
}

// encodeStatus returns the status in the codec; nil where there is no way.
func encodeStatus(s *status.Status, c Codec) []byte {
	body, err := Append(c, nil, s)
	if err == nil {
		return body
	}
	if c == CodecJSON {
		return packedJSON(s)
	}
	// A detail whose type URL is not UTF-8 is not worth the message.
	body, err = Append(c, nil, &status.Status{Code: s.GetCode(), Message: s.GetMessage()})
	if err != nil {
		return nil
	}
	return body
}

// looseStatus is a google.rpc.Status in JSON, whose details may be of any type.
type looseStatus struct {
	Code    int32             `json:"code,omitempty"`
	Message string            `json:"message,omitempty"`
	Details []json.RawMessage `json:"details,omitempty"`
}

// packedDetail is a detail whose type the writer does not know: its protobuf encoding.
type packedDetail struct {
	Type  string `json:"@type"`
	Value []byte `json:"value"`
}

// packedJSON writes the status where some details are of a type that this program does
// not know. Those stay packed; the others are as usual.
func packedJSON(s *status.Status) []byte {
	loose := looseStatus{Code: s.GetCode(), Message: s.GetMessage()}
	for _, d := range s.GetDetails() {
		text, err := Append(CodecJSON, nil, d)
		if err != nil {
			text = packDetail(d)
		}
		loose.Details = append(loose.Details, text)
	}
	body, err := json.Marshal(loose)
	if err != nil {
		return nil
	}
	return body
}

func packDetail(d *anypb.Any) json.RawMessage {
	text, err := json.Marshal(packedDetail{Type: d.GetTypeUrl(), Value: d.GetValue()})
	if err != nil {
		return json.RawMessage("{}")
	}
	return text
}

// headerLine makes a text fit for a header: one line, no control characters, valid
// UTF-8, nothing around it that a parser would trim, and not too long.
func headerLine(text string) string {
	const soMuch = 2 * MaxErrorHeaderBytes // do not look through what is cut off anyway
	line := strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(clip(text, soMuch), "�"))
	return clip(strings.TrimSpace(line), MaxErrorHeaderBytes)
}
