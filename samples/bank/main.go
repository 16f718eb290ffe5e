// Command bank hosts accounts and transfers between them, makes random transfers from
// many callers at once, and proves that no money was made or lost on the way:
//
//	go run ./samples/bank
//
// With -data, a run that was killed is gone on with by the next one. With -serve it makes
// no transfers itself and stays up, to be called from elsewhere.
package main

import (
	"context"
	"fmt"
	"math/rand/v2"

	"github.com/teff-dev/teff/grain"
	"github.com/teff-dev/teff/samples/bank/bank/v1/bankv1teff"
	"github.com/teff-dev/teff/samples/internal/app"
	"github.com/teff-dev/teff/silo"
)

func main() { app.Main("bank", "", drive) }

// Limits of the flags: a thousand times what is likely, and short of an overflow.
const (
	maxAccounts  = 1_000_000
	maxTransfers = 100_000_000
	maxCallers   = 10_000
)

func drive(ctx context.Context, cmd *app.Command) error {
	accounts := cmd.Flags.Int64("accounts", 1000, "open `N` accounts")
	transfers := cmd.Flags.Int64("transfers", 20_000, "make `N` transfers")
	callers := cmd.Flags.Int("callers", 64, "make calls from `N` callers at once")
	seed := cmd.Flags.Uint64("seed", 0, "draw the transfers from the seed `N` (default: any)")
	if err := cmd.Parse(); err != nil {
		return err
	}
	switch {
	case len(cmd.Operands()) > 0:
		return app.Usagef("there are no operands, got %q", cmd.Operands())
	case *accounts < 2 || *accounts > maxAccounts:
		return app.Usagef("-accounts is from 2 to %d", maxAccounts)
	case *transfers < 1 || *transfers > maxTransfers:
		return app.Usagef("-transfers is from 1 to %d", maxTransfers)
	case *callers < 1 || *callers > maxCallers:
		return app.Usagef("-callers is from 1 to %d", maxCallers)
	}
	if *seed == 0 {
		*seed = rand.Uint64()
	}
	cfg := silo.Config{Grains: []grain.Kind{
		bankv1teff.AccountKind(newAccount),
		bankv1teff.TransferKind(newTransfer),
		bankv1teff.RunKind(newRun),
	}}
	return cmd.Host(ctx, cfg, func(s *silo.Silo) error {
		if cmd.Serve {
			return nil
		}
		d := driver{cmd: cmd, bank: s, callers: *callers}
		if err := d.begin(ctx, *seed, *accounts, *transfers); err != nil {
			return fmt.Errorf("begin a run: %w", err)
		}
		cmd.Logf("watch it at %s", s.URL())
		if err := d.finish(ctx); err != nil {
			return fmt.Errorf("run %d: %w", d.run.GetNumber(), err)
		}
		return nil
	})
}
