package scaffold

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"text/template"

	"github.com/teff-dev/teff/codegen/compile"
	"github.com/teff-dev/teff/internal/release"
)

//go:embed template
var templates embed.FS

// goVersion is what the project's go.mod asks for: what Teff's own does.
const goVersion = "1.26.0"

// Project says what to write.
type Project struct {
	// Dir is the directory to write to. It is made if it is not there, and must be
	// empty, but for .git, if it is.
	Dir string

	// Module is the name of the Go module. Empty: the directory's name.
	Module string

	// Teff is a checkout of Teff to build with, instead of the release.
	Teff string
}

// Create writes the project, the generated code included, and lets Go find its modules.
// When that fails, nothing is left of it.
func (p Project) Create(ctx context.Context) error {
	return p.create(ctx, p.Tidy)
}

// Write is Create without Tidy, which is then due.
func (p Project) Write(ctx context.Context) error {
	return p.create(ctx, func(context.Context) error { return nil })
}

func (p Project) create(ctx context.Context, tidy func(context.Context) error) error {
	values, err := p.values()
	if err != nil {
		return err
	}
	claimed, err := claimDir(p.Dir)
	if err != nil {
		return err
	}
	if err := p.write(ctx, values); err != nil {
		return errors.Join(err, claimed.undo())
	}
	if err := tidy(ctx); err != nil {
		return errors.Join(err, claimed.undo())
	}
	return nil
}

func (p Project) write(ctx context.Context, values values) error {
	err := fs.WalkDir(templates, "template", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		return p.file(name, values)
	})
	if err != nil {
		return fmt.Errorf("write the project: %w", err)
	}
	if _, err := compile.Run(ctx, compile.Config{Args: []string{filepath.Join(p.Dir, "protos")}}); err != nil {
		return fmt.Errorf("generate the project's code: %w", err)
	}
	return nil
}

// values are what the templates ask for.
type values struct {
	Name, Module, Go, Release, Teff string
}

func (p Project) values() (values, error) {
	dir, err := filepath.Abs(p.Dir)
	if err != nil {
		return values{}, fmt.Errorf("find %s: %w", p.Dir, err)
	}
	v := values{Name: filepath.Base(dir), Module: p.Module, Go: goVersion, Release: release.Version}
	if v.Module == "" {
		v.Module = v.Name
	}
	if reason := unfit(v.Module); reason != "" {
		return values{}, fmt.Errorf("%q will not do as a Go module's name: %s: give one with --module, such as example.com/counter", v.Module, reason)
	}
	if p.Teff == "" {
		return v, nil
	}
	if v.Teff, err = filepath.Abs(p.Teff); err != nil {
		return values{}, fmt.Errorf("find %s: %w", p.Teff, err)
	}
	if mod, err := os.ReadFile(filepath.Join(v.Teff, "go.mod")); err != nil || !bytes.HasPrefix(mod, []byte("module github.com/teff-dev/teff\n")) {
		return values{}, fmt.Errorf("%s is no checkout of Teff: it has no go.mod of module github.com/teff-dev/teff", p.Teff)
	}
	if strings.ContainsAny(v.Teff, " \t\"'`()[]{},") {
		v.Teff = `"` + strings.ReplaceAll(v.Teff, `"`, `\"`) + `"`
	}
	return v, nil
}

// file writes one template's file.
func (p Project) file(name string, v values) error {
	text, err := fs.ReadFile(templates, name)
	if err != nil {
		return err
	}
	t, err := template.New(name).Option("missingkey=error").Parse(string(text))
	if err != nil {
		return err
	}
	var content bytes.Buffer
	if err := t.Execute(&content, v); err != nil {
		return err
	}
	path := filepath.Join(p.Dir, filepath.FromSlash(target(name)))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, content.Bytes(), 0o644) //nolint:gosec // sources are for everybody to read
}

// target is where a template's file goes, below the project's directory.
func target(name string) string {
	name = strings.TrimSuffix(strings.TrimPrefix(name, "template/"), ".tmpl")
	if name == "gitignore" {
		return ".gitignore"
	}
	return name
}
