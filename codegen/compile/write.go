package compile

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
)

// write puts the files on disk, those that are there already left untouched so that
// their times stay.
func write(files []output) (Result, error) {
	var r Result
	for _, f := range files {
		if old, err := os.ReadFile(f.name); err == nil && bytes.Equal(old, f.content) {
			r.Unchanged = append(r.Unchanged, f.name)
			continue
		}
		if err := replace(f.name, f.content); err != nil {
			return r, fmt.Errorf("write generated code: %w", err)
		}
		r.Written = append(r.Written, f.name)
	}
	return r, nil
}

// replace writes a file as a whole or not at all, so that an interrupted run leaves
// nothing that compiles halfway.
func replace(name string, content []byte) (err error) {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+"-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name()) // what is reported is the error before
		}
	}()
	if _, err := f.Write(content); err != nil {
		_ = f.Close()
		return err
	}
	if err := f.Chmod(0o644); err != nil {
		_ = f.Close()
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), name)
}
