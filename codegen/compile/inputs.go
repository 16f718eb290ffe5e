package compile

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// inputs are the proto files to generate, and where imports are looked up.
type inputs struct {
	roots []string          // in the order of look-up
	paths []string          // the import paths of the files to generate, sorted
	disk  map[string]string // their files, by import path
	root  map[string]string // the roots that they are below, by import path

	unread error // why options could not be read, if they could not
}

// find resolves the arguments: files, or directories to walk.
func find(roots, args []string) (*inputs, error) {
	if len(args) == 0 {
		args = []string{"."}
	}
	in := &inputs{disk: make(map[string]string), root: make(map[string]string)}
	var files []string
	for _, root := range roots {
		if info, err := os.Stat(root); err != nil || !info.IsDir() {
			return nil, fmt.Errorf("the import root %s is no directory", root)
		}
		in.roots = append(in.roots, filepath.Clean(root))
	}
	for _, arg := range args {
		info, err := os.Stat(arg)
		if err != nil {
			return nil, fmt.Errorf("find proto files: %w", err)
		}
		if !info.IsDir() {
			files = append(files, filepath.Clean(arg))
			if len(roots) == 0 {
				in.addRoot(".")
			}
			continue
		}
		below, err := walk(arg)
		if err != nil {
			return nil, err
		}
		files = append(files, below...)
		if len(roots) == 0 {
			in.addRoot(arg)
		}
	}
	for _, file := range files {
		if err := in.add(file); err != nil {
			return nil, err
		}
	}
	slices.Sort(in.paths)
	return in, nil
}

func (in *inputs) addRoot(root string) {
	if root = filepath.Clean(root); !slices.Contains(in.roots, root) {
		in.roots = append(in.roots, root)
	}
}

// add gives the file its import path, by the innermost root that it is below.
func (in *inputs) add(file string) error {
	path, root := "", ""
	for _, r := range in.roots {
		if rel, ok := below(r, file); ok && (path == "" || len(rel) < len(path)) {
			path, root = rel, r
		}
	}
	if path == "" {
		return fmt.Errorf("%s is below none of the import roots (%s): name its root with -I", file, strings.Join(in.roots, ", "))
	}
	switch other, known := in.disk[path]; {
	case !known:
		in.disk[path], in.root[path] = file, root
		in.paths = append(in.paths, path)
	case !sameFile(other, file):
		return fmt.Errorf("%s and %s would both be imported as %q: generate them one at a time, or name one root with -I", other, file, path)
	}
	return nil
}

// of returns the import paths of the files below a root.
func (in *inputs) of(root string) []string {
	var paths []string
	for _, path := range in.paths {
		if in.root[path] == root {
			paths = append(paths, path)
		}
	}
	return paths
}

// walk finds the proto files below dir, without what tools keep there for themselves:
// hidden directories, vendor, node_modules, testdata and what starts with an underscore.
func walk(dir string) ([]string, error) {
	var files []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		switch name := d.Name(); {
		case err != nil:
			return err
		case d.IsDir() && path != dir && skipped(name):
			return filepath.SkipDir
		case !d.IsDir() && filepath.Ext(name) == ".proto":
			files = append(files, filepath.Clean(path))
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("find proto files: %w", err)
	}
	return files, nil
}

func skipped(dir string) bool {
	return strings.HasPrefix(dir, ".") || strings.HasPrefix(dir, "_") ||
		dir == "vendor" || dir == "node_modules" || dir == "testdata"
}

// below returns the path from root to file, with slashes, if file is below root.
func below(root, file string) (string, bool) {
	absRoot, err := filepath.Abs(root)
	if err != nil {
		return "", false
	}
	absFile, err := filepath.Abs(file)
	if err != nil {
		return "", false
	}
	rel, err := filepath.Rel(absRoot, absFile)
	if err != nil || !filepath.IsLocal(rel) {
		return "", false
	}
	return filepath.ToSlash(rel), true
}

func sameFile(a, b string) bool {
	infoA, errA := os.Stat(a)
	infoB, errB := os.Stat(b)
	return errA == nil && errB == nil && os.SameFile(infoA, infoB)
}
