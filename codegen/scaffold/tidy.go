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
	"time"
)

// patience is how long Go may take to find the modules. It asks hosts that need not
// answer, and has no end of its own.
const patience = 2 * time.Minute

// Tidy lets Go write go.sum, and complete go.mod. It may need the network, unless all
// modules were used on this machine before.
func (p Project) Tidy(ctx context.Context) error { return p.tidy(ctx, patience) }

func (p Project) tidy(ctx context.Context, patience time.Duration) error {
	if err := p.seedSums(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var said bytes.Buffer
	cmd := exec.CommandContext(ctx, "go", "mod", "tidy")
	cmd.Dir = p.Dir
	// A workspace around the directory would not know the new module.
	cmd.Env = append(os.Environ(), "GOWORK=off")
	cmd.Stderr = &said
	cmd.WaitDelay = time.Second // what Go started may have stderr yet
	err := cmd.Run()
	switch {
	case err == nil:
		return nil
	case errors.Is(err, exec.ErrNotFound):
		return errors.New("there is no go command to find the project's modules with: install Go, and try again")
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return fmt.Errorf("go mod tidy did not find the project's modules within %s: see that Go can reach its proxy (go env GOPROXY), or use --teff and a checkout of Teff", patience)
	case ctx.Err() != nil:
		return fmt.Errorf("interrupted while Go looked for the project's modules: %w", ctx.Err())
	default:
		return fmt.Errorf("go mod tidy could not find the project's modules (try again when Go can reach its proxy, or use --teff and a checkout of Teff):\n%s",
			beginning(said.String()))
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
