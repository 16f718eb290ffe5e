package app

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
)

// A flag behind an operand would be taken for an operand, and is told of.
func TestFlagsComeFirst(t *testing.T) {
	for line, want := range map[string]string{
		"-top 5 a b":    "",
		"a b":           "",
		"a -":           "",
		"a -5":          "",
		"-- a -top":     "",
		"a ./-top":      "",
		"a -top 5":      "-top is behind a: flags come first (what is called -top is written ./-top)",
		"a b --top=5":   "--top=5 is behind a: flags come first",
		"a -serve":      "-serve is behind a",
		"-top 5 a -h":   "-h is behind a",
		"-top=5 a -top": "-top is behind a",
	} {
		c := newCommand("sample", "FILE...", strings.Fields(line), new(bytes.Buffer), new(bytes.Buffer))
		c.Flags.Int("top", 20, "")
		err := c.Parse()
		if want == "" {
			if err != nil {
				t.Errorf("%s: %v", line, err)
			}
			continue
		}
		var usage *usageError
		if !errors.As(err, &usage) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", line, err, want)
		}
	}
	c := newCommand("sample", "FILE...", []string{"--", "-top"}, new(bytes.Buffer), new(bytes.Buffer))
	if err := c.Parse(); err != nil || !slices.Equal(c.Operands(), []string{"-top"}) {
		t.Errorf("got %q, %v", c.Operands(), err)
	}
}
