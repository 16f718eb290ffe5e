package wire

import "strings"

// ReplyAllowed tells whether a silo answers to the subject. A caller chooses it, and a
// silo may publish where the caller may not, so only inboxes are answered: subjects
// below _INBOX, below _R_ (where service imports are answered) or below one of the
// prefixes, which are whole tokens with or without the dot behind them. An empty
// prefix allows nothing.
//
// A subject with a wildcard, an empty token, or a byte that is not a visible ASCII
// character is never allowed.
func ReplyAllowed(subject string, prefixes []string) bool {
	allowed := below(subject, "_INBOX") || below(subject, "_R_")
	for _, prefix := range prefixes {
		allowed = allowed || below(subject, strings.TrimSuffix(prefix, "."))
	}
	return allowed && isPlainSubject(subject)
}

// below tells whether subject is prefix and at least one more token.
func below(subject, prefix string) bool {
	return prefix != "" && len(subject) > len(prefix)+1 && subject[len(prefix)] == '.' && subject[:len(prefix)] == prefix
}

func isPlainSubject(subject string) bool {
	last := byte('.')
	for i := range len(subject) {
		c := subject[i]
		switch {
		case c <= ' ' || c > '~' || c == '*' || c == '>':
			return false
		case c == '.' && last == '.':
			return false
		}
		last = c
	}
	return last != '.'
}
