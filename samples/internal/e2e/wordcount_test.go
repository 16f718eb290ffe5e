//go:build unix

package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// pipeline is what wordcount does, said with the tools of fifty years.
const pipeline = `cat "$@" | grep -oE '[A-Za-z]+' | tr A-Z a-z | sort | uniq -c | sort -k1,1nr -k2,2`

// recount counts the words of files with the pipeline.
func recount(t *testing.T, files ...string) []string {
	t.Helper()
	words := tidy(must(t, "sh", append([]string{"-c", pipeline, "sh"}, files...)...))
	if len(words) < 1000 {
		t.Fatalf("the pipeline finds %d words only", len(words))
	}
	return words
}

// tidy returns the lines as COUNT WORD, spacing aside.
func tidy(text string) []string {
	var lines []string
	for line := range strings.Lines(text) {
		lines = append(lines, strings.Join(strings.Fields(line), " "))
	}
	return lines
}

// counts reads lines of COUNT WORD.
func counts(t *testing.T, lines []string) map[string]int {
	t.Helper()
	m := make(map[string]int, len(lines))
	for _, line := range lines {
		n, word, _ := strings.Cut(line, " ")
		count, err := strconv.Atoi(n)
		if err != nil {
			t.Fatal(err)
		}
		m[word] = count
	}
	return m
}

// httpFiles are the files of net/http that match.
func httpFiles(t *testing.T, pattern string) []string {
	t.Helper()
	root := strings.TrimSpace(must(t, "go", "env", "GOROOT"))
	files, err := filepath.Glob(filepath.Join(root, "src", "net", "http", pattern))
	if err != nil || len(files) == 0 {
		t.Fatalf("Go has no net/http/%s: %v", pattern, err)
	}
	return files
}

// all is more than there are words.
const all = "1000000"

func TestWordcountFindsWhatThePipelineFinds(t *testing.T) {
	t.Parallel()
	files := httpFiles(t, "*.go")
	want := recount(t, files...)
	if got := tidy(must(t, "wordcount", files...)); !slices.Equal(got, want[:20]) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want[:20], "\n"))
	}
	if got := tidy(must(t, "wordcount", append([]string{"-top", all}, files...)...)); !slices.Equal(got, want) {
		t.Errorf("of all words, %d are counted otherwise", differing(counts(t, got), counts(t, want)))
	}
}

func differing(a, b map[string]int) int {
	n := 0
	for word, count := range a {
		if b[word] != count {
			n++
		}
	}
	for word := range b {
		if _, ok := a[word]; !ok {
			n++
		}
	}
	return n
}

// A word may begin in one file and end in the next, and bytes that are no letters end it.
func TestWordcountOfOddFiles(t *testing.T) {
	dir := t.TempDir()
	var files []string
	for i, text := range []string{"Teff te", "FF", "\x00te\xfff-caf\u00e9 TEFF\r\n", ""} {
		name := filepath.Join(dir, fmt.Sprint(i))
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		files = append(files, name)
	}
	want := []string{"3 teff", "1 caf", "1 f", "1 te"}
	if got := tidy(must(t, "wordcount", files...)); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	e := run(t, "wordcount", files[0], filepath.Join(dir, "none"))
	if e.exit != 1 || e.stdout != "" || !strings.Contains(e.stderr, "none: no such file") {
		t.Errorf("a file that is not there: exit %d, printed %q and said\n%s", e.exit, e.stdout, e.stderr)
	}
}

func TestWordcountAddsToWhatItFinds(t *testing.T) {
	t.Parallel()
	files := httpFiles(t, "transport.go")
	want := counts(t, recount(t, files...))
	data := t.TempDir()
	args := append([]string{"-data", data, "-top", all}, files...)
	for round := 1; round <= 2; round++ {
		got := counts(t, tidy(must(t, "wordcount", args...)))
		for word, count := range want {
			if got[word] != round*count {
				t.Errorf("run %d: %s was counted %d times, want %d", round, word, got[word], round*count)
			}
		}
		if len(got) != len(want) {
			t.Errorf("run %d: %d words, want %d", round, len(got), len(want))
		}
	}
}

// A silo that is killed is in the cluster's records still when the next one starts on its
// directory. The next one knows that it is gone, and no call is sent to it.
func TestWordcountRunsAtOnceAfterAKill(t *testing.T) {
	t.Parallel()
	file := httpFiles(t, "transport.go")
	want := recount(t, file...)
	for range 3 {
		data := t.TempDir()
		p, _ := serve(t, "wordcount", "-data", data)
		p.kill()
		args := append([]string{"-data", data, "-top", "1000000"}, file...)
		if got := tidy(must(t, "wordcount", args...)); !slices.Equal(got, want) {
			t.Errorf("%d words, want %d", len(got), len(want))
		}
	}
}
