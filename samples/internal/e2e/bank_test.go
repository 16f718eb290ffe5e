//go:build unix

package e2e

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/teff-dev/teff/grain"
	bankv1 "github.com/teff-dev/teff/samples/bank/bank/v1"
	"github.com/teff-dev/teff/samples/bank/bank/v1/bankv1teff"
)

// The opening deposit of each account of a run.
const opening = 1000

var proved = regexp.MustCompile(`^run 1: (\d+) transfers: \d+ done, \d+ refused, \d+ refunded, 0 in the middle, 0 not as planned
run 1: (\d+) accounts: (\d+) deposited, (\d+) there now, 0 balances differ from what the transfers say
run 1: proved: the total is conserved
$`)

// wantProof checks what a run printed.
func wantProof(t *testing.T, got end, transfers, accounts int) {
	t.Helper()
	m := proved.FindStringSubmatch(got.stdout)
	total := fmt.Sprint(accounts * opening)
	if got.exit != 0 || m == nil || m[1] != fmt.Sprint(transfers) || m[2] != fmt.Sprint(accounts) || m[3] != total || m[4] != total {
		t.Fatalf("no proof of %d transfers between %d accounts: exit %d, printed\n%s\nand said\n%s", transfers, accounts, got.exit, got.stdout, got.stderr)
	}
}

func TestBankProvesThatTheTotalIsConserved(t *testing.T) {
	t.Parallel()
	const transfers, accounts = 1500, 20
	e := run(t, "bank", "-transfers", fmt.Sprint(transfers), "-accounts", fmt.Sprint(accounts))
	wantProof(t, e, transfers, accounts)
}

// slow makes transfers from fewer callers than usual, so that there is time to kill.
func slow(transfers, accounts int, data string) []string {
	return []string{"-callers", "24", "-transfers", fmt.Sprint(transfers), "-accounts", fmt.Sprint(accounts), "-data", data}
}

// A run is killed while it opens accounts and, several times, while it makes transfers.
// Then it is left alone, and finishes what was begun.
func TestBankKilledMidwayFinishesAndProves(t *testing.T) {
	t.Parallel()
	const transfers, accounts = 5000, 40
	data := t.TempDir()
	args := slow(transfers, accounts, data)
	for round, moment := range []string{
		`opening accounts: 40 to do\n`,
		`making transfers: 5000 to do\n`,
		`making transfers: \d+ of 5000\n`,
		`making transfers: \d+ of 5000\n`,
	} {
		p := start(t, "bank", args...)
		said := p.await(moment)[0]
		p.kill()
		t.Logf("kill %d after %q", round+1, said)
	}
	// The numbers of the run that is under way count, and not those of the flags.
	e := run(t, "bank", "-data", data, "-transfers", "7")
	if !strings.Contains(e.stderr, "run 1 was interrupted, and goes on with the numbers it began with: 40 accounts, 5000 transfers") {
		t.Errorf("it does not say that it goes on:\n%s", e.stderr)
	}
	wantProof(t, e, transfers, accounts)

	// The sample's own word aside: the accounts hold what was deposited.
	p, url := serve(t, "bank", "-data", data)
	c := connect(t, url)
	var total int64
	for i := range accounts {
		resp, err := bankv1teff.AccountOf(c, fmt.Sprint("r1-a", i)).Balance(t.Context(), &bankv1.BalanceRequest{})
		if err != nil {
			t.Fatal(err)
		}
		total += resp.GetBalance()
	}
	if total != accounts*opening {
		t.Errorf("the accounts hold %d, and %d were deposited", total, accounts*opening)
	}
	p.drain()
}

// The proof can fail: money that came from elsewhere is found.
func TestBankDisprovesWhatIsWrong(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	args := slow(2000, 40, data)
	killed := start(t, "bank", args...)
	killed.await(`making transfers: \d+ of 2000\n`)
	killed.kill()
	p, url := serve(t, "bank", "-data", data)
	must(t, "teff", "call", "--nats", url, "bank.v1.Account/r1-a0", "Deposit", `{"amount":1}`)
	p.drain()
	e := run(t, "bank", args...)
	if e.exit != 1 || !strings.Contains(e.stdout, "40000 deposited, 40001 there now, 1 balances differ") ||
		!strings.Contains(e.stdout, "run 1: DISPROVED\n") || !strings.Contains(e.stderr, "money was made or lost") {
		t.Errorf("exit %d, printed\n%s\nand said\n%s", e.exit, e.stdout, e.stderr)
	}
}

// What a person does with a bank that stays up, word for word.
func TestBankByHand(t *testing.T) {
	p, url := serve(t, "bank", "-data", t.TempDir())
	t.Setenv("TEFF_NATS", url)
	for _, step := range []struct {
		grain, method, request string
		exit                   int
		want                   string
	}{
		{"bank.v1.Account/alice", "Deposit", `{"amount":100}`, 0, `{"balance":"100"}`},
		{"bank.v1.Account/alice", "Withdraw", `{"amount":101}`, 1, "FAILED_PRECONDITION"},
		{"bank.v1.Account/alice", "Withdraw", `{"amount":0}`, 1, "INVALID_ARGUMENT"},
		{"bank.v1.Account/alice", "Withdraw", `{"amount":30,"transferId":"rent"}`, 0, `{"balance":"70"}`},
		{"bank.v1.Account/alice", "Withdraw", `{"amount":30,"transferId":"rent"}`, 0, `{"balance":"70"}`},
		{"bank.v1.Account/alice", "Deposit", `{"amount":5,"transfer_id":"gift"}`, 0, `{"balance":"75"}`},
		{"bank.v1.Account/alice", "Deposit", `{"amount":5,"transfer_id":"gift"}`, 0, `{"balance":"75"}`},
		{"bank.v1.Transfer/t-1", "Start", `{"from":"alice","to":"bob","amount":25}`, 0, `{"phase":"PHASE_DONE","reason":""}`},
		{"bank.v1.Transfer/t-1", "Start", `{"from":"alice","to":"bob","amount":25}`, 0, `{"phase":"PHASE_DONE","reason":""}`},
		{"bank.v1.Transfer/t-2", "Start", `{"from":"alice","to":"bob","amount":51}`, 0, `"phase":"PHASE_REFUSED"`},
		{"bank.v1.Account/alice", "Balance", ``, 0, `{"balance":"50"}`},
		{"bank.v1.Account/bob", "Balance", `{}`, 0, `{"balance":"25"}`},
		{"bank.v1.Account/alice", "Balanec", `{}`, 2, "did you mean Balance?"},
	} {
		e := run(t, "teff", "call", "-o", "json", step.grain, step.method, step.request)
		if e.exit != step.exit || !strings.Contains(e.stdout+e.stderr, step.want) {
			t.Errorf("%s %s %s: exit %d, %s%s; want %d and %s", step.grain, step.method, step.request, e.exit, e.stdout, e.stderr, step.exit, step.want)
		}
	}
	// Two accounts and two transfers are in memory.
	ls := must(t, "teff", "ls")
	for _, want := range []string{`bank\.v1\.Account  +2  `, `bank\.v1\.Transfer  +2  `, `bank\.v1\.Run  +0  `} {
		if !regexp.MustCompile(want).MatchString(ls) {
			t.Errorf("teff ls does not say %s:\n%s", want, ls)
		}
	}
	description := must(t, "teff", "describe", "bank.v1.Account")
	for _, want := range []string{"service bank.v1.Account {", "state: bank.v1.AccountState", "rpc Withdraw(WithdrawRequest) returns (WithdrawResponse);", "int64 balance = 1;"} {
		if !strings.Contains(description, want) {
			t.Errorf("teff describe does not say %s:\n%s", want, description)
		}
	}
	p.drain()
	if e := run(t, "teff", "ls"); e.exit != 3 {
		t.Errorf("teff ls without a silo: exit %d, %s", e.exit, e.stderr)
	}
}

// Transfers in opposite directions, many at once, end.
func TestOppositeTransfersDoNotWaitForEachOther(t *testing.T) {
	t.Parallel()
	const pairs, each, deposit = 16, 10, 10_000
	p, url := serve(t, "bank")
	c := connect(t, url)
	deposited := func(key string) int64 {
		resp, err := bankv1teff.AccountOf(c, key).Deposit(t.Context(), &bankv1.DepositRequest{Amount: deposit, TransferId: new("first")})
		if err != nil {
			t.Fatal(err)
		}
		return resp.GetBalance()
	}
	before := deposited("alice") + deposited("bob")
	var wg sync.WaitGroup
	for i := range 2 * pairs {
		from, to := "alice", "bob"
		if i%2 == 1 {
			from, to = to, from
		}
		wg.Go(func() {
			for n := range each {
				resp, err := bankv1teff.TransferOf(c, fmt.Sprint(i, "-", n)).Start(t.Context(), &bankv1.StartRequest{From: from, To: to, Amount: int64(1 + n)})
				if err != nil || resp.GetPhase() != bankv1.Phase_PHASE_DONE {
					t.Errorf("from %s to %s: %v, %v", from, to, resp, err)
				}
			}
		})
	}
	wg.Wait()
	if after := deposited("alice") + deposited("bob"); after != before || before != 2*deposit {
		t.Errorf("they have %d, and had %d", after, before)
	}
	_, err := bankv1teff.AccountOf(c, "alice").Withdraw(t.Context(), &bankv1.WithdrawRequest{Amount: 3 * deposit})
	if !errors.Is(err, grain.CodeFailedPrecondition) {
		t.Errorf("an overdraft: %v", err)
	}
	p.drain()
}
