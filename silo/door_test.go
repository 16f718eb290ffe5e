package silo_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/teff-dev/teff/grain"
	bankv1 "github.com/teff-dev/teff/samples/bank/bank/v1"
	"github.com/teff-dev/teff/samples/bank/bank/v1/bankv1teff"
	"github.com/teff-dev/teff/silo"
)

// carefulAccount is an account that takes no nonsense.
type carefulAccount struct{ *account }

func (g carefulAccount) Deposit(ctx context.Context, req *bankv1.DepositRequest) (*bankv1.DepositResponse, error) {
	if req.GetAmount() <= 0 {
		return nil, grain.Errorf(grain.CodeInvalidArgument, "amount must be positive, got %d", req.GetAmount())
	}
	return g.account.Deposit(ctx, req)
}

func bank(t testing.TB) *silo.Silo {
	t.Helper()
	return start(t, silo.Config{Grains: []grain.Kind{bankv1teff.AccountKind(func(a *grain.Activation) (carefulAccount, error) {
		g, err := newAccount(a)
		return carefulAccount{g}, err
	})}})
}

const (
	depositToAlice = "teff.call.bank-v1-Account.alice.Deposit"
	balanceOfAlice = "teff.call.bank-v1-Account.alice.Balance"
)

// encoded is the message in protobuf's binary encoding.
func encoded(t testing.TB, m proto.Message) string {
	t.Helper()
	b, err := proto.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestDoorSpeaksJSON(t *testing.T) {
	c := dialText(t, bank(t))
	c.ask(depositToAlice, `{"amount":500}`).wantSuccess(t, `{"balance":"500"}`)
	c.ask(balanceOfAlice, `{}`).wantSuccess(t, `{"balance":"500"}`)
	c.ask("teff.call.bank-v1-Account.bob.Balance", `{}`).wantSuccess(t, `{}`)
}

func TestDoorSpeaksProtobuf(t *testing.T) {
	c := dialText(t, bank(t))
	c.ask(depositToAlice, "\x08\xf4\x03").wantSuccess(t, "\x08\xf4\x03") // field 1, 500
	c.ask(balanceOfAlice, "").wantSuccess(t, "\x08\xf4\x03")
	c.ask("teff.call.bank-v1-Account.bob.Balance", "").wantSuccess(t, "")
}

func TestDoorContentTypeDecides(t *testing.T) {
	c := dialText(t, bank(t))
	c.ask(depositToAlice, ` {"amount":5}`, "Content-Type: application/json").wantSuccess(t, `{"balance":"5"}`)
	c.ask(depositToAlice, `{"amount":"5"}`, "Content-Type: Application/JSON; charset=utf-8").wantSuccess(t, `{"balance":"10"}`)
	c.ask(depositToAlice, "\x08\x05", "Content-Type: application/protobuf").wantSuccess(t, "\x08\x0f")
	c.ask(balanceOfAlice, "", "Content-Type: application/json").wantSuccess(t, `{"balance":"15"}`)
	// A group in field 15 that this message does not know: protobuf, since the header says so.
	c.ask(balanceOfAlice, "{|", "Content-Type: application/protobuf").wantSuccess(t, "\x08\x0f")
}

func TestDoorErrorOfTheMethodHasNoMark(t *testing.T) {
	c := dialText(t, bank(t))
	c.ask(depositToAlice, "").wantError(t, grain.CodeInvalidArgument, false, "amount must be positive, got 0")
}

// Whatever is wrong with a request is told, at once, with the mark: nothing was begun.
func TestDoorRefusesAtOnce(t *testing.T) {
	s := bank(t)
	c := dialText(t, s)
	for name, r := range refusals() {
		t.Run(name, func(t *testing.T) {
			took := time.Hour
			for range 3 { // a busy machine is no reason; a timeout would be, each time
				begun := time.Now()
				c.ask(r.subject, r.payload, r.header...).wantError(t, r.code, true, r.says)
				if took = min(took, time.Since(begun)); took < time.Second {
					return
				}
			}
			t.Errorf("it took %s", took)
		})
	}
	c.ask(balanceOfAlice, "{}").wantSuccess(t, "{}") // none had an effect, and the door is open
}

// A refusal is a request that is refused.
type refusal struct {
	subject string
	payload string
	header  []string
	code    grain.Code
	says    string
}

func refusals() map[string]refusal {
	const call = "teff.call."
	invalid := func(subject, payload, says string, header ...string) refusal {
		return refusal{subject, payload, header, grain.CodeInvalidArgument, says}
	}
	late := func(timeout string) refusal {
		return refusal{depositToAlice, `{"amount":5}`, []string{"Teff-Timeout: " + timeout}, grain.CodeDeadlineExceeded, "time was up"}
	}
	timeout := func(says string, lines ...string) refusal {
		return invalid(depositToAlice, `{"amount":5}`, says, lines...)
	}
	groups := func(depth int) string { return strings.Repeat("\x7b", depth) + strings.Repeat("\x7c", depth) }
	all := map[string]refusal{
		"unknown type":           {subject: call + "bank-v1-Acount.alice.Deposit", code: grain.CodeUnimplemented, says: "bank.v1.Acount"},
		"unknown method":         {subject: call + "bank-v1-Account.alice.deposit", code: grain.CodeUnimplemented, says: `"deposit"`},
		"no type at all":         invalid(call+"9.alice.Deposit", "", `"9"`),
		"type with a dot":        invalid(call+"bank.v1.Account.alice.Deposit", "", "TYPE.KEY.METHOD"),
		"method that is none":    invalid(call+"bank-v1-Account.alice.De-posit", "", `"De-posit"`),
		"one token too few":      invalid(call+"bank-v1-Account.alice", "", "TYPE.KEY.METHOD"),
		"two tokens too few":     invalid(call+"bank-v1-Account", "", "TYPE.KEY.METHOD"),
		"one token too many":     invalid(depositToAlice+".now", "", "TYPE.KEY.METHOD"),
		"garbage":                invalid(depositToAlice, "\xff\xfe\xfd garbage", "protobuf"),
		"truncated protobuf":     invalid(depositToAlice, "\x08", "protobuf"),
		"truncated JSON":         invalid(depositToAlice, `{"amount":5`, "JSON"),
		"unknown field":          invalid(depositToAlice, `{"amout":5}`, "amout"),
		"field twice":            invalid(depositToAlice, `{"amount":5,"amount":6}`, "amount"),
		"NaN":                    invalid(depositToAlice, `{"amount":NaN}`, "JSON"),
		"NaN in quotes":          invalid(depositToAlice, `{"amount":"NaN"}`, "NaN"),
		"behind the brace":       invalid(depositToAlice, `{"amount":5}{"amount":6}`, "JSON"),
		"JSON said to be binary": invalid(depositToAlice, `{"amount":5}`, "protobuf", "Content-Type: application/protobuf"),
		"deep JSON":              invalid(depositToAlice, `{"amount":`+strings.Repeat(`[`, 100_000), "JSON"),
		"deep groups":            invalid(depositToAlice, groups(100_000), "protobuf", "Content-Type: application/protobuf"),
		"content type of none":   invalid(depositToAlice, `{"amount":5}`, "text/plain", "Content-Type: text/plain"),
		"content type twice":     invalid(depositToAlice, `{"amount":5}`, "2 times", "Content-Type: application/json", "Content-Type: application/json"),
		"header without a colon": invalid(depositToAlice, `{"amount":5}`, "headers cannot be read", "Teff-Timeout 2s"),
		"cancel without a colon": invalid(depositToAlice, `{"amount":5}`, "headers cannot be read", "Teff-Cancel "+call+"x"),
		"timeout garbage":        timeout("soon", "Teff-Timeout: soon"),
		"timeout empty":          timeout("duration", "Teff-Timeout:"),
		"timeout without a unit": timeout(`"5"`, "Teff-Timeout: 5"),
		"timeout of a lifetime":  timeout("too long", "Teff-Timeout: 25h"),
		"timeout that overflows": timeout("duration", "Teff-Timeout: 99999999999999999999h"),
		"timeout of 10 kB":       timeout("duration", "Teff-Timeout: "+strings.Repeat("1", 10_000)+"s"),
		"timeout twice":          timeout("2 times", "Teff-Timeout: 2s", "Teff-Timeout: 2s"),
		"timeout zero":           late("0s"),
		"timeout negative":       late("-5s"),
	}
	for name, key := range map[string]string{
		"plain escape": "%61lice", "lower case": "a%2eb", "half an escape": "a%2", "no escape": "a%zz", "open @": "alice@x", "star": "*", "tail": ">",
		"braces": "{}", "colon": ":", "slash": "a/b", "dollar": "$SYS", "not UTF-8": "%FF", "raw bytes": "\xc3\xa9", "raw NUL": "a\x00b", "surrogate": "%ED%A0%80",
		"513 bytes": strings.Repeat("k", 513), "513 escaped bytes": strings.Repeat("%01", 513),
	} {
		all["key: "+name] = invalid(call+"bank-v1-Account."+key+".Deposit", `{"amount":5}`, "key")
	}
	return all
}

// Headers that only silos may write, or that are not served yet, do nothing here.
func TestDoorIgnoresForgedHeaders(t *testing.T) {
	c := dialText(t, bank(t))
	chain := "Teff-Chain: " + strings.Repeat("bank.v1.Account/alice,", 1000)
	c.ask(depositToAlice, `{"amount":5}`, chain).wantSuccess(t, `{"balance":"5"}`)
	var each []string
	for range 1000 {
		each = append(each, "Teff-Chain: bank.v1.Account/alice")
	}
	c.ask(depositToAlice, `{"amount":5}`, each...).wantSuccess(t, `{"balance":"10"}`)
	c.ask(depositToAlice, `{"amount":5}`,
		"Teff-Epoch: 99", "Teff-Hops: 9", "Teff-Caller: root", "Teff-Not-Executed: 1", "Nats-Service-Error-Code: 500", "Status: 503",
		"Teff-Code: INTERNAL", "Teff-Request-Id: "+strings.Repeat("x", 1000), "Teff-Meta-User: root", "traceparent: nonsense",
		"teff-timeout: 0s", "TEFF-CANCEL: "+c.inbox+".1", ": no name", "X: with\x00NUL", "Y: with\ta tab",
	).wantSuccess(t, `{"balance":"15"}`)
}

// A line break in a value is the end of it: what follows is a header, and no more.
func TestDoorLineBreakInAHeader(t *testing.T) {
	c := dialText(t, bank(t))
	c.ask(depositToAlice, `{"amount":5}`, "Teff-Meta-A: x\r\nTeff-Timeout: 0s").wantError(t, grain.CodeDeadlineExceeded, true, "time was up")
	c.ask(depositToAlice, `{"amount":5}`, "Teff-Meta-A: x\nTeff-Meta-B: y").wantSuccess(t, `{"balance":"5"}`)
}

func TestDoorTimeoutReachesTheMethod(t *testing.T) {
	got := make(chan time.Duration, 1)
	sc := &script{do: func(ctx context.Context, _ *probe, _ string) (string, error) {
		deadline, _ := ctx.Deadline()
		got <- time.Until(deadline)
		return "", nil
	}}
	s := start(t, silo.Config{Grains: []grain.Kind{sc.kind()}, CallTimeout: time.Hour})
	c := dialText(t, s)
	for line, want := range map[string]time.Duration{"Teff-Timeout: 2h": 2 * time.Hour, "Teff-Timeout:  1m30s ": 90 * time.Second, "X: y": time.Hour} {
		c.ask("teff.call.probe-v1-Probe.k.Do", "{}", line).wantSuccess(t, "{}")
		if left := <-got; left > want || left < want-time.Minute {
			t.Errorf("%s: the method has %s", line, left)
		}
	}
}
