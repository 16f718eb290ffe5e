package wire

import (
	"strconv"
	"unicode/utf8"

	"github.com/teff-dev/teff/grain"
)

// invalid makes the error of whatever was read and cannot be accepted.
func invalid(format string, args ...any) *grain.Error {
	return grain.Errorf(grain.CodeInvalidArgument, format, args...)
}

// quotedBytes is how much of a stranger's input an error repeats.
const quotedBytes = 96

// quote quotes input for an error's sentence, and cuts it short.
func quote(input string) string { return strconv.Quote(clip(input, quotedBytes)) }

// clip cuts text to at most limit bytes, the ellipsis that says so included. It does
// not cut a character in two.
func clip(text string, limit int) string {
	const ellipsis = "…"
	if len(text) <= limit {
		return text
	}
	end := limit - len(ellipsis)
	for back := 0; back < utf8.UTFMax && end > 0 && !utf8.RuneStart(text[end]); back++ {
		end--
	}
	return text[:end] + ellipsis
}
