package wire

import "testing"

// protojson adds white space in some builds and not in others, so that only made-up
// JSON shows that it is taken out.
func TestCompact(t *testing.T) {
	for text, want := range map[string]string{
		"":                                   "",
		"{}":                                 "{}",
		`{"a": 1,  "b":[ 1, 2 ]}`:            `{"a":1,"b":[1,2]}`,
		"{\n\t\"a\" :\r\n null }":            `{"a":null}`,
		`{" a ": " b , c "}`:                 `{" a ":" b , c "}`,
		`{"a\\" : "\" : \\", "b" : "\\\" "}`: `{"a\\":"\" : \\","b":"\\\" "}`,
	} {
		json := []byte(text)
		if got := string(json[:compact(json)]); got != want {
			t.Errorf("%s becomes %s, want %s", text, got, want)
		}
	}
}
