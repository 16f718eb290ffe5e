package wire_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/teff-dev/teff/grain"
	"github.com/teff-dev/teff/internal/wire"
	teffv1 "github.com/teff-dev/teff/protos/teff/v1"
)

// refused fails the test where what was read was refused without a code.
func refused(t *testing.T, err error) {
	t.Helper()
	if grain.CodeOf(err) != grain.CodeInvalidArgument {
		t.Fatalf("refused with %v", err)
	}
	if !utf8.ValidString(err.Error()) || len(err.Error()) > wire.MaxErrorHeaderBytes {
		t.Fatalf("the sentence %q does not fit into a header", err)
	}
}

func FuzzKeyToken(f *testing.F) {
	v := readVectors(f)
	for _, k := range v.Keys {
		f.Add(k.Key)
		f.Add(k.Token)
	}
	for _, k := range v.BadKeyTokens {
		f.Add(k.Token)
	}
	f.Add("\xff")
	f.Add(strings.Repeat("\xff", grain.MaxKeyBytes))
	f.Fuzz(func(t *testing.T, s string) {
		token := wire.KeyToken(s)
		if strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune(".*>/", r) }) {
			t.Fatalf("the key %q becomes %q, which is no token", s, token)
		}
		key, err := wire.ParseKeyToken(token)
		switch valid := grain.ValidateKey(s) == nil; {
		case valid && (err != nil || key != s):
			t.Fatalf("the key %q came back as %q, %v", s, key, err)
		case !valid && err == nil:
			t.Fatalf("%q is no key, and was accepted", s)
		case !valid:
			refused(t, err)
		}
		// The same text as a stranger's token: one spelling a key.
		key, err = wire.ParseKeyToken(s)
		switch {
		case err != nil:
			refused(t, err)
		case wire.KeyToken(key) != s:
			t.Fatalf("%q was accepted as the key %q, which is spelled %q", s, key, wire.KeyToken(key))
		case grain.ValidateKey(key) != nil:
			t.Fatalf("%q was accepted as the key %q", s, key)
		}
	})
}

func FuzzParseTarget(f *testing.F) {
	v := readVectors(f)
	for _, s := range v.Subjects {
		f.Add(s.Subject)
	}
	for _, s := range v.BadSubjects {
		f.Add(s.Subject)
	}
	n := names(f, "teff")
	f.Fuzz(func(t *testing.T, subject string) {
		target, err := n.ParseTarget(subject)
		if err != nil {
			refused(t, err)
			return
		}
		if again := subjectOf(n, target); again != subject {
			t.Fatalf("%q was accepted as %+v, which is written %q", subject, target, again)
		}
		id := grain.ID{Type: target.Type, Key: target.Key}
		if err := id.Validate(); err != nil {
			t.Fatalf("%q was accepted as %+v: %v", subject, target, err)
		}
	})
}

func FuzzUnmarshalRequest(f *testing.F) {
	view, err := proto.Marshal(&teffv1.View{Cluster: "teff", Members: []*teffv1.Member{{Name: "a"}}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add("application/protobuf", "1s", view)
	f.Add("application/json", "-1s", []byte(`{"cluster":"x","members":[{"types":["a"]}]}`))
	f.Add("", "", []byte(`{"a":[1,null,{"b":"NaN"}]}`))
	f.Add("text/plain", "soon", []byte(`{"@type":"type.googleapis.com/google.protobuf.Duration","value":"1s"}`))
	f.Add("application/json", "", []byte(`{"code":5,"details":[{"@type":"x/y","value":"AA=="}]}`))
	f.Add("application/protobuf", "", nested(120)[wire.CodecProto])
	f.Add("application/json", "", nested(120)[wire.CodecJSON])
	f.Fuzz(func(t *testing.T, contentType, timeout string, payload []byte) {
		h := wire.Header{wire.HeaderTimeout: {timeout}}
		if contentType != "" {
			h[wire.HeaderContentType] = []string{contentType}
		}
		if d, _, err := wire.ParseTimeout(h); err == nil && (d <= 0 || d > wire.MaxTimeout) {
			t.Fatalf("the timeout %q is %v", timeout, d)
		}
		if e := wire.DecodeError(wire.Header{wire.HeaderServiceErrorCode: {timeout}, wire.HeaderContentType: {contentType}}, payload); e == nil || e.Message() == "" {
			t.Fatalf("an error came back as %v", e)
		}
		codec, err := wire.DetectCodec(h, payload)
		if err != nil {
			refused(t, err)
			return
		}
		for _, m := range []proto.Message{&teffv1.View{}, &structpb.Struct{}, &anypb.Any{}, &status.Status{}, &descriptorpb.FileDescriptorProto{}} {
			if err := wire.Unmarshal(codec, payload, m); err != nil {
				refused(t, err)
				continue
			}
			roundTrip(t, codec, m)
		}
	})
}

// roundTrip fails the test unless what was accepted can be sent on, and is then the same.
func roundTrip(t *testing.T, codec wire.Codec, m proto.Message) {
	t.Helper()
	out, err := wire.Append(codec, nil, m)
	if err != nil {
		t.Fatalf("accepted, but cannot be written: %v", err)
	}
	again := m.ProtoReflect().New().Interface()
	if err := wire.Unmarshal(codec, out, again); err != nil || !proto.Equal(m, again) {
		t.Fatalf("%v came back as %v, %v", m, again, err)
	}
}
