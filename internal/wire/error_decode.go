package wire

import (
	"encoding/json"
	"strconv"
	"strings"

	"google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/protobuf/types/known/anypb"

	"github.com/teff-dev/teff/grain"
	"github.com/teff-dev/teff/internal/seam"
)

// DecodeError returns the error that a reply says, or nil where it is a success. It
// makes the best of what is missing or foreign: any NATS service's error is one.
//
// Where Teff-Code is unknown the number decides, and among the codes that share it
// the one in the body. A NATS server's own "nobody listens" is UNAVAILABLE with the
// not-executed mark.
func DecodeError(h Header, body []byte) *grain.Error {
	if len(h) == 0 {
		return nil
	}
	name, named := first(h, HeaderCode)
	number, numbered := first(h, HeaderServiceErrorCode)
	line, described := first(h, HeaderServiceError)
	if !named && !numbered && !described {
		return serverStatus(h, body)
	}
	s := decodeStatus(h, body)
	fault := seam.Fault{
		Message: line,
		Details: s.GetDetails(),
	}
	code, known := grain.ParseCode(name)
	if !known {
		code = codeOf(number, grain.Code(s.GetCode()))
	}
	fault.Code = int(code)
	if s.GetMessage() != "" {
		fault.Message = s.GetMessage()
	}
	if fault.Message == "" {
		fault.Message = "the reply is an error without a description"
	}
	mark := h[HeaderNotExecuted]
	fault.NotExecuted = len(mark) == 1 && trim(mark[0]) == "1"
	return grain.MakeError(fault)
}

// serverStatus reads what a NATS server answers in nobody's place.
func serverStatus(h Header, body []byte) *grain.Error {
	text, ok := first(h, HeaderStatus)
	if !ok || text != "503" || len(body) > 0 {
		return nil
	}
	return grain.MakeError(seam.Fault{
		Code:        int(grain.CodeUnavailable),
		Message:     "nobody listens on the subject: no silo serves this cluster (is its name right?)",
		NotExecuted: true,
	})
}

// codeOf returns the code for a number in Nats-Service-Error-Code. Where several codes
// share the number and the body names one of them, it is that; so it is where there is
// no number.
func codeOf(number string, body grain.Code) grain.Code {
	n, err := strconv.Atoi(number)
	if body >= grain.CodeCancelled && body <= grain.CodeUnauthenticated && (err != nil || body.Number() == n) {
		return body
	}
	switch n {
	case grain.CodeUnknown.Number(): // INTERNAL and DATA_LOSS would claim more
		return grain.CodeUnknown
	case grain.CodeAborted.Number(): // as likely ALREADY_EXISTS
		return grain.CodeAborted
	}
	for c := grain.CodeCancelled; c <= grain.CodeMaybeExecuted; c++ {
		if c.Number() == n {
			return c
		}
	}
	return grain.CodeUnknown
}

// decodeStatus reads the body, which is empty, or a google.rpc.Status, or foreign: nil.
func decodeStatus(h Header, body []byte) *status.Status {
	if len(body) == 0 {
		return nil
	}
	c, err := DetectCodec(h, body)
	if err != nil {
		return nil
	}
	var s status.Status
	if err := Unmarshal(c, body, &s); err == nil {
		return &s
	}
	if c == CodecJSON {
		return looseJSON(body)
	}
	return nil
}

// looseJSON reads a status some of whose details are of types that this program does
// not know. Those that are packed stay so; of the others nothing can be made, since
// JSON cannot be turned into protobuf without the type.
func looseJSON(body []byte) *status.Status {
	var loose looseStatus
	if err := json.Unmarshal(body, &loose); err != nil {
		return nil
	}
	s := &status.Status{Code: loose.Code, Message: loose.Message}
	for _, text := range loose.Details {
		if d := looseDetail(text); d != nil {
			s.Details = append(s.Details, d)
		}
	}
	return s
}

func looseDetail(text json.RawMessage) *anypb.Any {
	var d anypb.Any
	if err := Unmarshal(CodecJSON, text, &d); err == nil {
		return &d
	}
	var packed packedDetail
	if err := json.Unmarshal(text, &packed); err != nil {
		return nil
	}
	// The value of a well-known type is not its protobuf encoding.
	if packed.Type == "" || strings.Contains(packed.Type, "/google.protobuf.") {
		return nil
	}
	return &anypb.Any{TypeUrl: packed.Type, Value: packed.Value}
}
