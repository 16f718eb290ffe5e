package main

import (
	"fmt"
	"os"
	"sync"

	"github.com/teff-dev/teff/grain"
)

// A text is what all files hold, one behind the other, as cat prints them: a word may
// begin at the end of one file and end in the next. It is in memory as a whole, so that
// what cannot be counted is found before anything is.
type text struct {
	bytes []byte
	files []file
	words int // how many there are

	mu sync.Mutex
	at int // where Next goes on
}

type file struct {
	name  string
	start int // offset in the text
}

// readText reads the files. An error names the file.
func readText(names []string) (*text, error) {
	t := new(text)
	for _, name := range names {
		content, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		t.files = append(t.files, file{name, len(t.bytes)})
		t.bytes = append(t.bytes, content...)
	}
	return t, t.check()
}

// check counts the words and refuses one that cannot be a grain's key.
func (t *text) check() error {
	for start, end := t.find(0); start < end; start, end = t.find(end) {
		t.words++
		if end-start > grain.MaxKeyBytes {
			f := t.fileAt(start)
			return fmt.Errorf("%s: at offset %d there is a word of %d letters, and a grain's key has at most %d: nothing was counted",
				f.name, start-f.start, end-start, grain.MaxKeyBytes)
		}
	}
	return nil
}

// next returns the next word in lower case, "" when there is none. It is safe for
// concurrent use.
func (t *text) next() string {
	t.mu.Lock()
	start, end := t.find(t.at)
	t.at = end
	t.mu.Unlock()
	lower := make([]byte, end-start)
	for i, c := range t.bytes[start:end] {
		lower[i] = c | 0x20 // letters only
	}
	return string(lower)
}

// find returns where the first word at or behind offset at is: the longest run of ASCII
// letters. Without one it returns the end, twice.
func (t *text) find(at int) (start, end int) {
	start = at
	for start < len(t.bytes) && !isLetter(t.bytes[start]) {
		start++
	}
	end = start
	for end < len(t.bytes) && isLetter(t.bytes[end]) {
		end++
	}
	return start, end
}

func isLetter(c byte) bool { return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' }

// fileAt returns the file that the offset is in.
func (t *text) fileAt(offset int) file {
	last := t.files[0]
	for _, f := range t.files {
		if f.start <= offset {
			last = f
		}
	}
	return last
}
