package wire_test

import (
	"bytes"
	"encoding/json"
	"math"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/teff-dev/teff/grain"
	"github.com/teff-dev/teff/internal/wire"
	teffv1 "github.com/teff-dev/teff/protos/teff/v1"
)

func TestMessagesSurvive(t *testing.T) {
	sent := &teffv1.View{
		Cluster: "a  b \\\" : , {\n\t\u00e9\u2028<&>", WireVersion: 1, Epoch: 1<<64 - 1,
		Members: []*teffv1.Member{{Name: "one", Types: []string{"a.B", "c . D"}}, {}},
	}
	for _, codec := range []wire.Codec{wire.CodecProto, wire.CodecJSON} {
		prefix := []byte("{ kept }")
		out, err := wire.Append(codec, prefix, sent)
		if err != nil {
			t.Fatal(err)
		}
		payload, ok := bytes.CutPrefix(out, prefix)
		if !ok {
			t.Fatalf("%s: what was there before became %q", codec, out)
		}
		got := &teffv1.View{Partitions: 7} // forgotten
		if err := wire.Unmarshal(codec, payload, got); err != nil || !proto.Equal(got, sent) {
			t.Errorf("%s: %v, %v", codec, got, err)
		}
		detected, err := wire.DetectCodec(wire.Header{wire.HeaderContentType: {codec.ContentType()}}, nil)
		if err != nil || detected != codec {
			t.Errorf("%s is detected as %s, %v", codec, detected, err)
		}
	}
}

func TestJSONIsCompact(t *testing.T) {
	fields := map[string]any{}
	for _, key := range []string{"z", "a", "m ", "\\", "\"", " : "} {
		fields[key] = []any{1.5, nil, true, map[string]any{key: "x , y"}}
	}
	message, err := structpb.NewStruct(fields)
	if err != nil {
		t.Fatal(err)
	}
	out, err := wire.Append(wire.CodecJSON, nil, message)
	if err != nil {
		t.Fatal(err)
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, out); err != nil || !bytes.Equal(compact.Bytes(), out) {
		t.Errorf("not compact (%v): %s", err, out)
	}
	got := &structpb.Struct{}
	if err := wire.Unmarshal(wire.CodecJSON, out, got); err != nil || !proto.Equal(got, message) {
		t.Errorf("%s is %v, %v", out, got, err)
	}
}

func TestEmptyPayloadsAreEmptyMessages(t *testing.T) {
	for _, codec := range []wire.Codec{wire.CodecProto, wire.CodecJSON} {
		for _, payload := range [][]byte{nil, {}} {
			m := &teffv1.View{Cluster: "x"}
			if err := wire.Unmarshal(codec, payload, m); err != nil || !proto.Equal(m, &teffv1.View{}) {
				t.Errorf("%s: %v, %v", codec, m, err)
			}
		}
	}
	required := &descriptorpb.UninterpretedOption_NamePart{}
	for _, codec := range []wire.Codec{wire.CodecProto, wire.CodecJSON} {
		checkCode(t, "no required field", wire.Unmarshal(codec, nil, required), "INVALID_ARGUMENT")
	}
}

// nested is a DescriptorProto in which so many others are, one in the other.
func nested(depth int) map[wire.Codec][]byte {
	var binary []byte
	for range depth {
		binary = protowire.AppendBytes(protowire.AppendTag(nil, 3, protowire.BytesType), binary)
	}
	text := strings.Repeat(`{"nestedType":[`, depth) + "{}" + strings.Repeat("]}", depth)
	return map[wire.Codec][]byte{wire.CodecProto: binary, wire.CodecJSON: []byte(text)}
}

func TestNesting(t *testing.T) {
	for _, codec := range []wire.Codec{wire.CodecProto, wire.CodecJSON} {
		m := &descriptorpb.DescriptorProto{}
		if err := wire.Unmarshal(codec, nested(99)[codec], m); err != nil {
			t.Errorf("%s, a hundred messages: %v", codec, err)
		}
		for _, depth := range []int{100, 1_000, 20_000} {
			err := wire.Unmarshal(codec, nested(depth)[codec], m)
			checkCode(t, depth, err, "INVALID_ARGUMENT")
		}
	}
	// Values within values are messages too, though JSON does not show it.
	deep := strings.Repeat(`{"a":`, 101) + "1" + strings.Repeat("}", 101)
	checkCode(t, "values", wire.Unmarshal(wire.CodecJSON, []byte(deep), &structpb.Struct{}), "INVALID_ARGUMENT")
	endless := bytes.Repeat([]byte("["), 1<<20)
	checkCode(t, "brackets", wire.Unmarshal(wire.CodecJSON, endless, &structpb.ListValue{}), "INVALID_ARGUMENT")
	// Groups that the message lacks count.
	for depth, ok := range map[int]bool{99: true, 100: false, 3_000: false} {
		groups := append(bytes.Repeat([]byte{0x7b}, depth), bytes.Repeat([]byte{0x7c}, depth)...)
		payload := append(protowire.AppendBytes(protowire.AppendTag(nil, 98, protowire.BytesType), groups[:depth]), groups...)
		switch err := wire.Unmarshal(wire.CodecProto, payload, &teffv1.View{}); {
		case !ok:
			checkCode(t, depth, err, "INVALID_ARGUMENT")
		case err != nil:
			t.Errorf("%d groups: %v", depth, err)
		}
	}
	beside := bytes.Repeat([]byte{0x7b, 0x08, 0x01, 0x7c}, 3_000)
	if err := wire.Unmarshal(wire.CodecProto, beside, &teffv1.View{}); err != nil {
		t.Errorf("groups beside each other: %v", err)
	}
	// Groups that the message lacks are skipped, and must not exhaust the stack.
	groups := bytes.Repeat(protowire.AppendTag(nil, 99, protowire.StartGroupType), 1<<19)
	checkCode(t, "groups", wire.Unmarshal(wire.CodecProto, groups, &teffv1.View{}), "INVALID_ARGUMENT")
}

func TestBadPayloads(t *testing.T) {
	view, structure := &teffv1.View{}, &structpb.Struct{}
	cases := []struct {
		name    string
		codec   wire.Codec
		payload string
		into    proto.Message
	}{
		{"truncated", wire.CodecProto, "\x0a\x05ab", view},
		{"garbage", wire.CodecProto, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", view},
		{"JSON where protobuf was said", wire.CodecProto, `{"cluster":"x"}`, view},
		{"not UTF-8", wire.CodecProto, "\x0a\x01\xff", view},
		{"a length above the payload's", wire.CodecProto, "\x0a\xff\xff\xff\xff\x0f", view},
		{"an end without a group", wire.CodecProto, "\x0c", view},
		{"an unknown field", wire.CodecJSON, `{"clutser":"x"}`, view},
		{"a field twice", wire.CodecJSON, `{"cluster":"x","cluster":"y"}`, view},
		{"a field under both its names", wire.CodecJSON, `{"wireVersion":1,"wire_version":2}`, view},
		{"a map key twice", wire.CodecJSON, `{"a":1,"a":2}`, structure},
		{"NaN", wire.CodecJSON, `NaN`, &wrapperspb.DoubleValue{}},
		{"NaN for an integer", wire.CodecJSON, `{"epoch":"NaN"}`, view},
		{"infinity for an integer", wire.CodecJSON, `{"epoch":1e400}`, view},
		{"a negative unsigned number", wire.CodecJSON, `{"epoch":-1}`, view},
		{"NaN in a value", wire.CodecJSON, `{"a":NaN}`, structure},
		{"something behind", wire.CodecJSON, `{} {}`, view},
		{"a comma behind", wire.CodecJSON, `{},`, view},
		{"garbage behind", wire.CodecJSON, "{}\x00", view},
		{"truncated JSON", wire.CodecJSON, `{"cluster":"x`, view},
		{"an array", wire.CodecJSON, `[]`, view},
		{"null", wire.CodecJSON, `null`, view},
		{"a comment", wire.CodecJSON, `{/**/}`, view},
		{"a BOM", wire.CodecJSON, "\ufeff{}", view},
		{"JSON that is not UTF-8", wire.CodecJSON, "{\"cluster\":\"\xff\"}", view},
		{"a lone surrogate", wire.CodecJSON, `{"cluster":"\ud800"}`, view},
		{"an Any of unknown type", wire.CodecJSON, `{"@type":"type.googleapis.com/no.such.Type"}`, &anypb.Any{}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			err := wire.Unmarshal(c.codec, []byte(c.payload), c.into)
			checkCode(t, c.name, err, "INVALID_ARGUMENT")
			if err != nil && (len(err.Error()) > 1024 || strings.Contains(err.Error(), "\u00a0")) {
				t.Errorf("the sentence is %q", err)
			}
		})
	}
}

func TestNaNWhereItIsAllowed(t *testing.T) {
	m := &wrapperspb.DoubleValue{}
	if err := wire.Unmarshal(wire.CodecJSON, []byte(`"NaN"`), m); err != nil || !math.IsNaN(m.GetValue()) {
		t.Errorf("%v, %v", m, err)
	}
}

func TestMessagesThatCannotBeWritten(t *testing.T) {
	for _, codec := range []wire.Codec{wire.CodecProto, wire.CodecJSON, 0, 3} {
		out, err := wire.Append(codec, []byte("kept"), &teffv1.View{Cluster: "\xff"})
		if grain.CodeOf(err) != grain.CodeInternal || string(out) != "kept" {
			t.Errorf("%s: %q, %v", codec, out, err)
		}
	}
	if err := wire.Unmarshal(0, nil, &teffv1.View{}); grain.CodeOf(err) != grain.CodeInternal {
		t.Errorf("a codec that is none: %v", err)
	}
}
