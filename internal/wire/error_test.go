package wire_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/teff-dev/teff/grain"
	"github.com/teff-dev/teff/internal/seam"
	"github.com/teff-dev/teff/internal/wire"
)

// fault makes the error that says s.
func fault(t *testing.T, s said) *grain.Error {
	t.Helper()
	code, ok := grain.ParseCode(s.Code)
	if !ok {
		t.Fatalf("%q is no code", s.Code)
	}
	return grain.MakeError(seam.Fault{Code: int(code), Message: s.Message, NotExecuted: s.NotExecuted})
}

// Behaviour F5: the same code, message and details at the caller.
func TestErrorsCrossTheWire(t *testing.T) {
	detail := durationpb.New(1500)
	messages := map[string]string{
		"plain":        "account \"alice\" is closed",
		"empty":        "",
		"two lines":    "first\r\nsecond",
		"padded":       "  padded ",
		"only space":   " \t ",
		"a megabyte":   strings.Repeat("é", 1<<19),
		"just fits":    strings.Repeat("x", wire.MaxErrorHeaderBytes),
		"one too many": strings.Repeat("x", wire.MaxErrorHeaderBytes+1),
		"separators":   "a\u2028b\u0085c\x00d\x7fe",
	}
	for name, message := range messages {
		for code := grain.CodeCancelled; code <= grain.CodeMaybeExecuted; code++ {
			for _, codec := range []wire.Codec{wire.CodecProto, wire.CodecJSON} {
				sent := grain.MakeError(seam.Fault{Code: int(code), Message: message, NotExecuted: code%2 == 0})
				if code%3 == 0 {
					sent = sent.WithDetails(detail)
				}
				h, body := wire.EncodeError(sent, codec)
				checkHeaders(t, h)
				got := wire.DecodeError(h, body)
				want := sayingOf(sent)
				if message == "" {
					want.Message = code.String() // a header that is empty is refused by some clients
				}
				if got == nil || sayingOf(got) != want {
					t.Fatalf("%s, %s, %s: came back as %.200v", name, code, codec, got)
				}
				if len(got.Details()) != len(sent.Details()) {
					t.Fatalf("%s, %s, %s: %d details came back", name, code, codec, len(got.Details()))
				}
				if len(got.Details()) == 1 && !proto.Equal(got.Details()[0], sent.Details()[0]) {
					t.Fatalf("%s, %s, %s: the detail came back as %v", name, code, codec, got.Details()[0])
				}
			}
		}
	}
}

// checkHeaders fails the test where a header would break a message, or a parser trims it.
func checkHeaders(t *testing.T, h wire.Header) {
	t.Helper()
	for name, values := range h {
		if len(values) != 1 {
			t.Errorf("the header %s has the values %q", name, values)
			continue
		}
		v := values[0]
		if v == "" || v != strings.TrimSpace(v) || strings.ContainsFunc(v, unicode.IsControl) || !utf8.ValidString(v) {
			t.Errorf("the header %s is %q", name, v)
		}
		if len(v) > wire.MaxErrorHeaderBytes {
			t.Errorf("the header %s has %d bytes", name, len(v))
		}
	}
}

func TestAnErrorCannotForgeAHeader(t *testing.T) {
	e := grain.Errorf(grain.CodeAborted, "x\r\n%s: 1\r\n\r\nbody", wire.HeaderNotExecuted)
	h, body := wire.EncodeError(e, wire.CodecProto)
	checkHeaders(t, h)
	if got := wire.DecodeError(h, body); got.NotExecuted() || got.Message() != e.Message() {
		t.Errorf("came back as %v, not executed: %t", got, got.NotExecuted())
	}
}

func TestAnErrorThatIsNotUTF8(t *testing.T) {
	for _, codec := range []wire.Codec{wire.CodecProto, wire.CodecJSON} {
		h, body := wire.EncodeError(grain.Errorf(grain.CodeInternal, "a\xff\xfeb"), codec)
		checkHeaders(t, h)
		if got := wire.DecodeError(h, body).Message(); got != "a�b" {
			t.Errorf("%s: came back as %q", codec, got)
		}
	}
}

func TestACodeThatIsNone(t *testing.T) {
	for _, code := range []int{-1, 0, 18, 1 << 40} {
		h, body := wire.EncodeError(grain.MakeError(seam.Fault{Code: code, Message: "a\nb"}), wire.CodecProto)
		if got := wire.DecodeError(h, body); got.Code() != grain.CodeUnknown || got.Message() != "a\nb" {
			t.Errorf("the code %d came back as %v", code, got)
		}
	}
}

// A detail of a type that neither process knows travels on, in both codecs, beside one
// that both know.
func TestDetailsOfUnknownTypes(t *testing.T) {
	unknown := &anypb.Any{TypeUrl: "type.googleapis.com/no.such.Type", Value: []byte{0x08, 0x96, 0x01}}
	damaged := &anypb.Any{TypeUrl: "type.googleapis.com/google.protobuf.Duration", Value: []byte{0xff}}
	known, err := anypb.New(structpb.NewStringValue("<why>"))
	if err != nil {
		t.Fatal(err)
	}
	sent := grain.MakeError(seam.Fault{Code: int(grain.CodeNotFound), Message: "gone", Details: []*anypb.Any{unknown, known}})
	for _, codec := range []wire.Codec{wire.CodecProto, wire.CodecJSON} {
		h, body := wire.EncodeError(sent, codec)
		got := wire.DecodeError(h, body)
		if got.Code() != grain.CodeNotFound || got.Message() != "gone" || len(got.Details()) != 2 {
			t.Fatalf("%s: came back as %v with %v", codec, got, got.Details())
		}
		for i, d := range sent.Details() {
			if !proto.Equal(got.Details()[i], d) {
				t.Errorf("%s: the detail %v came back as %v", codec, d, got.Details()[i])
			}
		}
		if codec == wire.CodecJSON && !json.Valid(body) {
			t.Errorf("not JSON: %s", body)
		}
	}
	// One that claims a type that it is not costs no more than itself.
	sent = grain.MakeError(seam.Fault{Code: int(grain.CodeNotFound), Message: "two\nlines", Details: []*anypb.Any{damaged, known}})
	h, body := wire.EncodeError(sent, wire.CodecJSON)
	got := wire.DecodeError(h, body)
	if got.Message() != "two\nlines" || len(got.Details()) != 1 || !proto.Equal(got.Details()[0], known) {
		t.Errorf("came back as %v with %v", got, got.Details())
	}
	// A type URL that is not UTF-8 cannot be sent at all; the message can.
	broken := &anypb.Any{TypeUrl: "type.googleapis.com/\xff"}
	sent = grain.MakeError(seam.Fault{Code: int(grain.CodeNotFound), Message: "two\nlines", Details: []*anypb.Any{broken}})
	h, body = wire.EncodeError(sent, wire.CodecProto)
	if got := wire.DecodeError(h, body); got.Message() != "two\nlines" || got.Code() != grain.CodeNotFound {
		t.Errorf("came back as %v", got)
	}
}

func TestErrorBodiesAreDeterministic(t *testing.T) {
	e := grain.Errorf(grain.CodeNotFound, "a\n  b: \"c , d\\\"").WithDetails(durationpb.New(1))
	_, first := wire.EncodeError(e, wire.CodecJSON)
	var compact bytes.Buffer
	if err := json.Compact(&compact, first); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(compact.Bytes(), first) {
		t.Errorf("not compact: %s", first)
	}
}

// A garbage body, of any length, never hides the error nor makes decoding panic.
func TestErrorsWithTruncatedBodies(t *testing.T) {
	e := grain.Errorf(grain.CodeNotFound, "two\nlines").WithDetails(durationpb.New(1))
	for _, codec := range []wire.Codec{wire.CodecProto, wire.CodecJSON} {
		h, body := wire.EncodeError(e, codec)
		for i := range body {
			if got := wire.DecodeError(h, body[:i]); got == nil || got.Code() != grain.CodeNotFound || got.Message() == "" {
				t.Fatalf("%s, %d bytes of the body: %v", codec, i, got)
			}
		}
	}
}
