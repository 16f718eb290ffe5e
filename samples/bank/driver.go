package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/teff-dev/teff/grain"
	bankv1 "github.com/teff-dev/teff/samples/bank/bank/v1"
	"github.com/teff-dev/teff/samples/bank/bank/v1/bankv1teff"
	"github.com/teff-dev/teff/samples/internal/app"
)

// opening is the opening deposit of each account.
const opening = 1000

// A driver makes the transfers of a run. All its calls may be repeated, and are after a
// crash: what was done already is then answered and not done again.
type driver struct {
	cmd     *app.Command
	bank    grain.Caller
	callers int
	run     *bankv1.BeginResponse
}

// begin starts a run, or takes up the one that is under way.
func (d *driver) begin(ctx context.Context, seed uint64, accounts, transfers int64) (err error) {
	req := &bankv1.BeginRequest{Seed: seed, Accounts: accounts, Transfers: transfers}
	if d.run, err = bankv1teff.RunOf(d.bank, currentRun).Begin(ctx, req); err != nil {
		return err
	}
	what := "begins"
	if d.run.GetResumed() {
		what = "was interrupted, and goes on with the numbers it began with"
	}
	d.cmd.Logf("run %d %s: %d accounts, %d transfers, seed %d",
		d.run.GetNumber(), what, d.run.GetAccounts(), d.run.GetTransfers(), d.run.GetSeed())
	return nil
}

// finish does what is left of the run, and proves that it went well.
func (d *driver) finish(ctx context.Context) error {
	current := bankv1teff.RunOf(d.bank, currentRun)
	if !d.run.GetOpened() {
		if err := d.each(ctx, "opening accounts", d.run.GetAccounts(), d.open); err != nil {
			return err
		}
		if _, err := current.Opened(ctx, &bankv1.OpenedRequest{Number: d.run.GetNumber()}); err != nil {
			return err
		}
	}
	if err := d.each(ctx, "making transfers", d.run.GetTransfers(), d.transfer); err != nil {
		return err
	}
	if err := d.prove(ctx); err != nil {
		return err
	}
	_, err := current.Finish(ctx, &bankv1.FinishRequest{Number: d.run.GetNumber()})
	return err
}

func (d *driver) each(ctx context.Context, what string, n int64, f func(context.Context, int) error) error {
	return d.cmd.Each(ctx, what, int(n), d.callers, f)
}

func (d *driver) open(ctx context.Context, i int) error {
	id := fmt.Sprintf("r%d-opening", d.run.GetNumber())
	req := &bankv1.DepositRequest{Amount: opening, TransferId: new(id)}
	return patiently(ctx, func() error {
		_, err := d.account(i).Deposit(ctx, req)
		return err
	})
}

func (d *driver) transfer(ctx context.Context, i int) error {
	return patiently(ctx, func() error {
		_, err := d.transferOf(i).Start(ctx, d.plan(i))
		return err
	})
}

// plan is the run's transfer number i, whoever asks and when.
func (d *driver) plan(i int) *bankv1.StartRequest {
	luck := rand.New(rand.NewPCG(d.run.GetSeed(), uint64(i)))
	accounts := int(d.run.GetAccounts())
	from := luck.IntN(accounts)
	to := (from + 1 + luck.IntN(accounts-1)) % accounts
	return &bankv1.StartRequest{From: d.key(from), To: d.key(to), Amount: 1 + luck.Int64N(opening/2)}
}

// key names the run's account number i.
func (d *driver) key(i int) string { return fmt.Sprintf("r%d-a%d", d.run.GetNumber(), i) }

func (d *driver) account(i int) bankv1teff.Account { return bankv1teff.AccountOf(d.bank, d.key(i)) }

func (d *driver) transferOf(i int) bankv1teff.Transfer {
	return bankv1teff.TransferOf(d.bank, fmt.Sprintf("r%d-t%d", d.run.GetNumber(), i))
}

// How often a call is repeated, and how long after the first attempt; then twice as long
// each time.
const (
	attempts  = 8
	firstWait = 10 * time.Millisecond
)

// patiently repeats a call that may be repeated, after errors that may pass.
func patiently(ctx context.Context, call func() error) error {
	wait := firstWait
	for attempt := 1; ; attempt++ {
		err := call()
		if err == nil || attempt == attempts || !mayPass(err) {
			return err
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return err
		}
		wait *= 2
	}
}

func mayPass(err error) bool {
	return errors.Is(err, grain.CodeUnavailable) || errors.Is(err, grain.CodeMaybeExecuted) ||
		errors.Is(err, grain.CodeDeadlineExceeded) || errors.Is(err, grain.CodeAborted) ||
		errors.Is(err, grain.CodeResourceExhausted)
}
