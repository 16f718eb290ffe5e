package arch

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// graph is what each package imports. Packages of the module are written from its root,
// as in ./grain/grainrt; others by their import path.
type graph map[string][]string

func TestImportsPointDown(t *testing.T) {
	g := make(graph)
	for _, p := range packages(t) {
		g[relative(p.ImportPath)] = p.imports()
	}
	if len(g["./grain"]) == 0 {
		t.Fatal("go list told nothing of ./grain: the test is blind")
	}
	for _, sentence := range check(table(), bans(), g) {
		t.Error(sentence)
	}
}

// check returns a sentence for each breach.
func check(rows []row, bans []ban, g graph) []string {
	var sentences []string
	for _, pkg := range slices.Sorted(maps.Keys(g)) {
		sentences = append(sentences, checkHeight(rows, pkg, g[pkg])...)
		for _, b := range bans {
			if matches(b.who, pkg) {
				sentences = append(sentences, b.check(pkg, g)...)
			}
		}
	}
	return sentences
}

func checkHeight(rows []row, pkg string, imports []string) []string {
	height, tree := place(rows, pkg)
	if height < 0 {
		return []string{fmt.Sprintf("%s is in no row of internal/arch/table_test.go: give it a level", pkg)}
	}
	var sentences []string
	for _, imp := range imports {
		if !strings.HasPrefix(imp, "./") {
			continue
		}
		h, other := place(rows, imp)
		if h >= 0 && h >= height && (h != height || tree != other) {
			sentences = append(sentences, fmt.Sprintf("%s (%s) imports %s (%s): imports point down only", pkg, rows[height].level, imp, rows[h].level))
		}
	}
	return sentences
}

// place finds the row and the pattern that a package stands in; the longest pattern
// counts. The row is -1 where there is none.
func place(rows []row, pkg string) (height int, tree string) {
	height = -1
	for i, r := range rows {
		for _, pattern := range r.trees {
			if matches(pattern, pkg) && len(pattern) > len(tree) {
				height, tree = i, pattern
			}
		}
	}
	return height, tree
}

// matches says whether the package is in the pattern, which may end in /... as go
// list's do.
func matches(pattern, pkg string) bool {
	root, isTree := strings.CutSuffix(pattern, "/...")
	return pkg == root || isTree && strings.HasPrefix(pkg, root+"/")
}

func matchesAny(patterns []string, pkg string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return matches(p, pkg) })
}

func (b ban) check(pkg string, g graph) []string {
	var sentences []string
	if b.only != nil {
		for _, imp := range g[pkg] {
			if strings.HasPrefix(imp, "./") && !matchesAny(b.only, imp) {
				sentences = append(sentences, fmt.Sprintf("%s imports %s, and may import only %s: %s", pkg, imp, strings.Join(b.only, ", "), b.why))
			}
		}
		return sentences
	}
	for _, path := range b.breaches(pkg, g) {
		sentences = append(sentences, fmt.Sprintf("%s: %s", strings.Join(path, " imports "), b.why))
	}
	return sentences
}

// breaches returns the import paths that lead from pkg to what is banned, a shortest
// one for each banned package.
func (b ban) breaches(pkg string, g graph) (paths [][]string) {
	seen := map[string]bool{pkg: true}
	for queue := [][]string{{pkg}}; len(queue) > 0; queue = queue[1:] {
		path := queue[0]
		for _, imp := range g[path[len(path)-1]] {
			if seen[imp] {
				continue
			}
			seen[imp] = true
			longer := append(slices.Clone(path), imp)
			if matchesAny(b.never, imp) {
				paths = append(paths, longer)
			} else if b.via {
				queue = append(queue, longer)
			}
		}
	}
	return paths
}
