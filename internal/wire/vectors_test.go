package wire_test

import (
	"encoding/json"
	"maps"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/teff-dev/teff/grain"
	"github.com/teff-dev/teff/internal/wire"
)

// vectors is testdata/vectors.json, which every client language's tests read.
type vectors struct {
	Version  int
	Clusters []struct {
		Name string
		OK   bool
	}
	Types []struct{ Type, Token string }
	Keys  []struct{ Key, Token string }

	BadTypeTokens []badToken `json:"bad_type_tokens"`
	BadKeyTokens  []badToken `json:"bad_key_tokens"`

	Partitions []struct {
		Type, Key  string
		TypeToken  string `json:"type_token"`
		KeyToken   string `json:"key_token"`
		Partitions uint32
		Partition  uint32
	}
	Subjects []struct {
		Cluster, Subject, Type, Key, Method, Incarnation string
		Partition                                        int
	}
	BadSubjects []struct{ Cluster, Subject, Code string } `json:"bad_subjects"`
	Timeouts    []struct {
		Header      string
		Nanoseconds time.Duration
	}
	BadTimeouts []struct {
		Headers []string
		Code    string
	} `json:"bad_timeouts"`
	Codecs []struct {
		Headers wire.Header
		Payload string
		Codec   string // empty: refused
	}
	Errors []struct {
		said
		Why     string
		Headers wire.Header
		Body    *string // in JSON; nil: none
	}
	ErrorReplies []struct {
		Why, Body string
		Headers   wire.Header
		Error     *said // nil: a success
	} `json:"error_replies"`
	ReplySubjects []struct {
		Subject  string
		Prefixes []string
		Allowed  bool
	} `json:"reply_subjects"`
}

type badToken struct{ Token, Why, Code string }

// said is what an error says.
type said struct {
	Code, Message string
	NotExecuted   bool `json:"not_executed"`
}

func sayingOf(e *grain.Error) said {
	return said{e.Code().String(), e.Message(), e.NotExecuted()}
}

func readVectors(t testing.TB) vectors {
	t.Helper()
	data, err := os.ReadFile("testdata/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var v vectors
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatal(err)
	}
	if v.Version != wire.Version {
		t.Fatalf("the vectors are of version %d, the package of %d", v.Version, wire.Version)
	}
	return v
}

func names(t testing.TB, cluster string) wire.Names {
	t.Helper()
	n, err := wire.NewNames(cluster)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// checkCode fails the test unless err is a coded error with a sentence.
func checkCode(t *testing.T, input any, err error, code string) {
	t.Helper()
	if err == nil {
		t.Errorf("%q was accepted, want %s", input, code)
		return
	}
	if got := grain.CodeOf(err).String(); got != code {
		t.Errorf("%q: %v, want the code %s", input, err, code)
	}
}

func TestVectorsOfNames(t *testing.T) {
	v := readVectors(t)
	for _, c := range v.Clusters {
		n, err := wire.NewNames(c.Name)
		switch {
		case !c.OK:
			checkCode(t, c.Name, err, "INVALID_ARGUMENT")
		case err != nil:
			t.Errorf("cluster %q: %v", c.Name, err)
		case n.Cluster() != c.Name:
			t.Errorf("cluster %q became %q", c.Name, n.Cluster())
		}
	}
	for _, s := range v.Subjects {
		n := names(t, s.Cluster)
		got, err := n.ParseTarget(s.Subject)
		want := wire.Target{Type: s.Type, Key: s.Key, Method: s.Method, Partition: s.Partition, Incarnation: s.Incarnation}
		if err != nil || got != want {
			t.Errorf("%q is %+v, %v; want %+v", s.Subject, got, err, want)
		}
		if again := subjectOf(n, want); again != s.Subject {
			t.Errorf("%+v is written %q, want %q", want, again, s.Subject)
		}
	}
	for _, s := range v.BadSubjects {
		_, err := names(t, s.Cluster).ParseTarget(s.Subject)
		checkCode(t, s.Subject, err, s.Code)
	}
	for _, r := range v.ReplySubjects {
		if got := wire.ReplyAllowed(r.Subject, r.Prefixes); got != r.Allowed {
			t.Errorf("a reply to %q with the prefixes %q: allowed is %t", r.Subject, r.Prefixes, got)
		}
	}
}

// subjectOf writes the subject of a target.
func subjectOf(n wire.Names, t wire.Target) string {
	switch {
	case t.Incarnation != "":
		return n.Direct(t.Incarnation, t.Type, t.Key, t.Method)
	case t.Partition >= 0:
		return n.Partitioned(uint32(t.Partition), t.Type, t.Key, t.Method)
	default:
		return n.Call(t.Type, t.Key, t.Method)
	}
}

func TestVectorsOfTokens(t *testing.T) {
	v := readVectors(t)
	for _, c := range v.Types {
		if got := wire.TypeToken(c.Type); got != c.Token {
			t.Errorf("the type %q is written %q, want %q", c.Type, got, c.Token)
		}
		if got, err := wire.ParseTypeToken(c.Token); err != nil || got != c.Type {
			t.Errorf("%q is the type %q, %v; want %q", c.Token, got, err, c.Type)
		}
	}
	for _, c := range v.Keys {
		if got := wire.KeyToken(c.Key); got != c.Token {
			t.Errorf("the key %q is written %q, want %q", c.Key, got, c.Token)
		}
		if got, err := wire.ParseKeyToken(c.Token); err != nil || got != c.Key {
			t.Errorf("%q is the key %q, %v; want %q", c.Token, got, err, c.Key)
		}
	}
	for _, c := range v.BadTypeTokens {
		_, err := wire.ParseTypeToken(c.Token)
		checkCode(t, c.Token, err, c.Code)
	}
	for _, c := range v.BadKeyTokens {
		_, err := wire.ParseKeyToken(c.Token)
		checkCode(t, c.Token, err, c.Code)
	}
	for _, p := range v.Partitions {
		if wire.TypeToken(p.Type) != p.TypeToken || wire.KeyToken(p.Key) != p.KeyToken {
			t.Errorf("%s/%s is written %q, %q", p.Type, p.Key, wire.TypeToken(p.Type), wire.KeyToken(p.Key))
		}
		if got := wire.Partition(p.TypeToken, p.KeyToken, p.Partitions); got != p.Partition {
			t.Errorf("%s/%s is in partition %d of %d, want %d", p.Type, p.Key, got, p.Partitions, p.Partition)
		}
	}
}

func TestVectorsOfRequests(t *testing.T) {
	v := readVectors(t)
	for _, c := range v.Timeouts {
		d, set, err := wire.ParseTimeout(wire.Header{wire.HeaderTimeout: {c.Header}})
		if err != nil || !set || d != c.Nanoseconds {
			t.Errorf("the timeout %q is %v, %t, %v; want %v", c.Header, d, set, err, c.Nanoseconds)
		}
	}
	for _, c := range v.BadTimeouts {
		_, set, err := wire.ParseTimeout(wire.Header{wire.HeaderTimeout: c.Headers})
		checkCode(t, c.Headers, err, c.Code)
		if !set {
			t.Errorf("the timeout %q counts as absent", c.Headers)
		}
	}
	for _, c := range v.Codecs {
		codec, err := wire.DetectCodec(c.Headers, []byte(c.Payload))
		if c.Codec == "" {
			checkCode(t, c.Headers, err, "INVALID_ARGUMENT")
			continue
		}
		if err != nil || codec.String() != c.Codec {
			t.Errorf("%q with %v is %v, %v; want %s", c.Payload, c.Headers, codec, err, c.Codec)
		}
	}
}

func TestVectorsOfErrors(t *testing.T) {
	v := readVectors(t)
	for _, c := range v.Errors {
		e := fault(t, c.said)
		h, body := wire.EncodeError(e, wire.CodecJSON)
		if !maps.EqualFunc(h, c.Headers, slices.Equal) {
			t.Errorf("%s, %s: headers %v, want %v", c.Code, c.Why, h, c.Headers)
		}
		if (c.Body == nil) != (body == nil) || c.Body != nil && string(body) != *c.Body {
			t.Errorf("%s, %s: body %q", c.Code, c.Why, body)
		}
		if got := wire.DecodeError(h, body); got == nil || sayingOf(got) != c.said {
			t.Errorf("%s, %s: came back as %v", c.Code, c.Why, got)
		}
	}
	for _, c := range v.ErrorReplies {
		got := wire.DecodeError(c.Headers, []byte(c.Body))
		switch {
		case c.Error == nil && got != nil:
			t.Errorf("%s is the error %v", c.Why, got)
		case c.Error != nil && (got == nil || sayingOf(got) != *c.Error):
			t.Errorf("%s: %v, want %+v", c.Why, got, *c.Error)
		}
	}
}
