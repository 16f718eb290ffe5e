package arch

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// documents are what people read, by their paths from the root.
func documents(t *testing.T) (all []string) {
	t.Helper()
	for _, pattern := range []string{"*.md", "docs/*.md", "docs/*/*.md"} {
		found, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range found {
			rel, err := filepath.Rel(root, path)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, filepath.ToSlash(rel))
		}
	}
	if len(all) < 5 {
		t.Fatalf("only %q were found: the test is blind", all)
	}
	return all
}

func TestLinksOfTheDocumentsLeadSomewhere(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)#\s]*)(?:#([^)\s]+))?\)`)
	for _, name := range documents(t) {
		for _, found := range link.FindAllSubmatch(prose(readDocument(t, name)), -1) {
			target, anchor := string(found[1]), string(found[2])
			if strings.Contains(target, "://") {
				continue
			}
			file := name
			if target != "" {
				file = filepath.Join(filepath.Dir(name), target)
			}
			if _, err := os.Stat(filepath.Join(root, file)); err != nil {
				t.Errorf("%s links to %s: %v", name, target, err)
			} else if anchor != "" && !slices.Contains(anchors(readDocument(t, file)), anchor) {
				t.Errorf("%s links to #%s of %s, which has no such heading", name, anchor, file)
			}
		}
	}
}

// prose is a document without its blocks of code.
func prose(document []byte) []byte {
	return regexp.MustCompile("(?ms)^```.*?^```$").ReplaceAll(document, nil)
}

// anchors are the headings of a document, as links name them.
func anchors(document []byte) (all []string) {
	odd := regexp.MustCompile(`[^a-z0-9 _-]`)
	for _, found := range regexp.MustCompile(`(?m)^#+ (.*)$`).FindAllSubmatch(prose(document), -1) {
		heading := odd.ReplaceAllString(strings.ToLower(string(found[1])), "")
		all = append(all, strings.ReplaceAll(heading, " ", "-"))
	}
	return all
}

// Paths in backticks that look like files of this repository are.
func TestFilesThatTheDocumentsNameAreThere(t *testing.T) {
	path := regexp.MustCompile("`((?:bench|client|cmd|codegen|docs|grain|internal|persistence|protos|samples|silo|tools)/[a-zA-Z0-9_./-]+)`")
	for _, name := range documents(t) {
		for _, found := range path.FindAllSubmatch(readDocument(t, name), -1) {
			target := string(found[1])
			if _, err := os.Stat(filepath.Join(root, target)); err != nil {
				t.Errorf("%s names %s: %v", name, target, err)
			}
		}
	}
}

// The verbs that documents tell people to type are verbs of the Makefile.
func TestVerbsOfTheDocumentsAreThere(t *testing.T) {
	makefile := readDocument(t, "Makefile")
	verb := regexp.MustCompile("(?m)(?:`|^|&& )make ([a-z]+)(?:`|$| )")
	for _, name := range []string{"README.md", "CONTRIBUTING.md", "ARCHITECTURE.md"} {
		for _, found := range verb.FindAllSubmatch(readDocument(t, name), -1) {
			if target := string(found[1]); target != "run" && !bytes.Contains(makefile, []byte("\n"+target+": ")) {
				t.Errorf("%s says make %s, and the Makefile does not know it", name, target)
			}
		}
	}
}

func readDocument(t *testing.T, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	return text
}
