package scaffold

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Tidy lets Go write go.sum, and complete go.mod. It may need the network, unless all
// modules were used on this machine before.
func (p Project) Tidy(ctx context.Context) error {
	if err := p.seedSums(); err != nil {
		return err
	}
	var said bytes.Buffer
	cmd := exec.CommandContext(ctx, "go", "mod", "tidy")
	cmd.Dir = p.Dir
	// A workspace around the directory would not know the new module.
	cmd.Env = append(os.Environ(), "GOWORK=off")
	cmd.Stderr = &said
	err := cmd.Run()
	switch {
	case err == nil:
		return nil
	case errors.Is(err, exec.ErrNotFound):
		return fmt.Errorf("the project is in %s, but there is no go command to find its modules with: install Go, and run go mod tidy there", p.Dir)
	default:
		return fmt.Errorf("the project is in %s, but Go could not find its modules (run go mod tidy there to try again, or begin anew with --teff and a checkout of Teff):\n%s",
			p.Dir, beginning(said.String()))
	}
}

// beginning is the first few lines: Go says the same of every package.
func beginning(text string) string {
	const few = 4
	lines := strings.SplitN(strings.TrimSpace(text), "\n", few+1)
	return strings.Join(lines[:min(few, len(lines))], "\n")
}

// seedSums begins go.sum with that of the checkout, so that Go need not ask for the
// sums that were checked there. Tidying drops what the project does not need.
func (p Project) seedSums() error {
	if p.Teff == "" {
		return nil
	}
	sums, err := os.ReadFile(filepath.Join(p.Teff, "go.sum"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read the checkout's go.sum: %w", err)
	}
	if err := os.WriteFile(filepath.Join(p.Dir, "go.sum"), sums, 0o644); err != nil { //nolint:gosec // go.sum is for everybody to read
		return fmt.Errorf("write go.sum: %w", err)
	}
	return nil
}
