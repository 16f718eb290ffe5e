package silo_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/teff-dev/teff/grain"
	"github.com/teff-dev/teff/silo"
)

// inJSON asks for an answer in JSON.
const inJSON = "Content-Type: application/json"

// incarnation is what the view says of the only silo.
func (c *textClient) incarnation() string {
	c.t.Helper()
	var view struct {
		Members []struct{ Incarnation string }
	}
	if err := json.Unmarshal([]byte(c.ask("teff.view", "", inJSON).payload), &view); err != nil || len(view.Members) != 1 {
		c.t.Fatalf("the view is %+v: %v", view, err)
	}
	return view.Members[0].Incarnation
}

// counters is what the silo's status says nobody was told of.
func (c *textClient) counters() (all struct{ RefusedReplies, OneWayErrors, Panics string }) {
	c.t.Helper()
	var status struct{ Counters *json.RawMessage }
	text := c.ask("teff.ctl."+c.incarnation()+".status", "", inJSON).payload
	if err := json.Unmarshal([]byte(text), &status); err != nil || status.Counters == nil {
		c.t.Fatalf("the status is %s: %v", text, err)
	}
	if err := json.Unmarshal(*status.Counters, &all); err != nil {
		c.t.Fatal(err)
	}
	return all
}

// A caller chooses the reply subject, and a silo may publish where the caller may not. So
// what is no inbox is not answered, not carried out, and counted.
func TestRepliesGoToInboxesOnly(t *testing.T) {
	s := bank(t)
	c, spy := dialText(t, s), dialText(t, s)
	inc := c.incarnation()
	refused := []string{
		"answers", "teff.ctl." + inc + ".status", "teff.call.bank-v1-Account.bob.Deposit", "$SYS.REQ.SERVER.PING", "$JS.API.INFO", "$SRV.PING",
		"_INBOX", "_INBOX.*", "_INBOX.>", "_INBOX.a.*.b", "_INBOX..a", "_INBOX.a.", "_INBOXES.a", "_inbox.a", ".", "*", ">", "_R_", "_INBOX.\x7f", "_INBOX.é",
	}
	spy.sub(">")
	spy.write("PING\r\n")
	if line := spy.line(); line != "PONG" {
		t.Fatalf("got %q", line)
	}
	for _, reply := range refused {
		c.send(depositToAlice, reply, `{"amount":1}`)
		c.send("teff.silo."+inc+".bank-v1-Account.alice.Deposit", reply, `{"amount":1}`)
	}
	for _, subject := range []string{"teff.view", "teff.describe.bank-v1-Account", "teff.ctl." + inc + ".status"} {
		c.send(subject, "answers", "")
	}
	end := c.newInbox()
	c.send(balanceOfAlice, end, "{}")
	c.answer(end).wantSuccess(t, "{}") // none was carried out
	for {
		msg, err := spy.next()
		if err != nil {
			t.Fatal(err)
		}
		if msg.subject == end {
			break // and what was published before it has been seen
		}
		if msg.reply == "" {
			t.Errorf("the silo published %+v", msg)
		}
	}
	want := fmt.Sprint(2*len(refused) + 3)
	waitFor(t, func() bool { return c.counters().RefusedReplies == want })
}

func TestReplyPrefixesAreTheSilosToChoose(t *testing.T) {
	s := start(t, silo.Config{Grains: []grain.Kind{whoAmI().kind()}, ReplyPrefixes: []string{"replies.alice."}})
	c := dialText(t, s)
	c.sub("replies.>")
	c.send("teff.call.probe-v1-Probe.k.Do", "replies.bob.1", "{}")
	c.send("teff.call.probe-v1-Probe.k.Do", "replies.alice.1", "{}")
	c.answer("replies.alice.1").wantSuccess(t, `{"text":"k","number":"1"}`)
	if got := c.counters().RefusedReplies; got != "1" {
		t.Errorf("%s replies were refused, want 1", got)
	}
}

// Without a reply subject a call is carried out, and nothing is ever sent back, an error
// no more than a success; the errors are counted.
func TestNoReplySubjectIsOneWay(t *testing.T) {
	c := dialText(t, bank(t))
	c.send(depositToAlice, "", `{"amount":7}`)
	c.send(depositToAlice, "", `{"amount":-7}`)                         // the method's error
	c.send(depositToAlice, "", `{"amount":`)                            // the turn's
	c.send("teff.call.bank-v1-Account.alice.Rob", "", `{}`)             // the door's
	c.send(depositToAlice, "", `{"amount":7}`, "Teff-Timeout: garbage") // the door's, too
	c.ask(balanceOfAlice, "{}").wantSuccess(t, `{"balance":"7"}`)
	if got := c.counters().OneWayErrors; got != "4" {
		t.Errorf("%s one-way calls failed, want 4", got)
	}
}

// A method that nobody awaits tells who asks with a reply subject that the call is taken,
// or why it is not, once.
func TestOneWayMethodWithAReplySubject(t *testing.T) {
	gate, entered := make(chan struct{}), make(chan struct{}, 1)
	sc := &script{}
	sc.do = func(_ context.Context, _ *probe, text string) (string, error) {
		sc.note(text)
		if text == "hold" {
			entered <- struct{}{}
			<-gate
		}
		return "", nil
	}
	c := dialText(t, start(t, silo.Config{Grains: []grain.Kind{sc.kind(grain.Mailbox(1))}}))
	const tell = "teff.call.probe-v1-Probe.k.Tell"
	c.ask(tell, `{"text":"hold"}`).wantSuccess(t, "{}")
	<-entered
	c.ask(tell, "\x0a\x06queued").wantSuccess(t, "") // in protobuf, the empty message
	c.ask(tell, `{"text":"too many"}`).wantError(t, grain.CodeResourceExhausted, true, "full")
	c.ask(tell+"s", `{}`).wantError(t, grain.CodeUnimplemented, true, "Tells") // and not a second answer to the last
	close(gate)
	waitFor(t, func() bool { return strings.Join(sc.noted(), " ") == "hold queued" })
}

// Behaviour F1, at the door: a call that waits is dropped, the context of one that runs
// is cancelled, and each is answered once.
func TestBehaviourF1CancelAtTheDoor(t *testing.T) {
	entered := make(chan struct{}, 1)
	sc := &script{}
	sc.do = func(ctx context.Context, _ *probe, text string) (string, error) {
		sc.note(text)
		if text == "hold" {
			entered <- struct{}{}
			<-ctx.Done()
			sc.note(ctx.Err().Error())
			return "", ctx.Err()
		}
		return text, nil
	}
	s := start(t, silo.Config{Grains: []grain.Kind{sc.kind()}})
	c := dialText(t, s)
	const call = "teff.call.probe-v1-Probe.k.Do"
	direct := "teff.silo." + c.incarnation() + ".probe-v1-Probe.k.Do"
	cancel := func(subject, reply string) { c.send(subject, "", "", "Teff-Cancel: "+reply) }

	for _, subject := range []string{call, direct} {
		running, waiting, last := c.newInbox(), c.newInbox(), c.newInbox()
		c.send(call, running, `{"text":"hold"}`)
		<-entered
		c.send(call, waiting, `{"text":"never"}`)
		c.send(call, last, `{"text":"last"}`)
		waitFor(t, func() bool { return silo.Waiting(s, "probe.v1.Probe", "k") == 3 })

		cancel("teff.call.probe-v1-Probe.other.Do", waiting) // not there: nothing happens
		cancel("teff.call.probe-v1-Probe.k.Do", c.newInbox())
		cancel("teff.call.no-such-Type.k.Do", waiting)
		cancel("teff.call.probe-v1-Probe.k", waiting)
		cancel(subject, waiting)
		c.answer(waiting).wantError(t, grain.CodeCancelled, true, "before it began")
		cancel(subject, waiting) // once more: nothing happens
		cancel(subject, running)
		c.answer(running).wantError(t, grain.CodeCancelled, false, "may have its effect")
		c.answer(last).wantSuccess(t, `{"text":"last"}`)
		cancel(subject, last) // too late
		c.ask(call, `{"text":"after"}`).wantSuccess(t, `{"text":"after"}`)
	}
	if got := strings.Join(sc.noted(), ","); got != strings.Repeat(",hold,context canceled,last,after", 2)[1:] {
		t.Errorf("ran %s", got)
	}
}

// What is too large for the NATS server, headers included, ends its sender's connection, and nothing else.
func TestPayloadOverTheServersLimit(t *testing.T) {
	const limit = 1 << 20
	s := bank(t)
	c := dialText(t, s)
	c.ask(balanceOfAlice, strings.Repeat(" ", limit)).wantSuccess(t, "") // as protobuf, many times a field that is not known
	c.send(depositToAlice, c.newInbox(), strings.Repeat(" ", limit+1))
	if msg, err := c.next(); err == nil || !strings.Contains(err.Error(), "Maximum Payload") {
		t.Errorf("got %+v, %v", msg, err)
	}
	dialText(t, s).ask(balanceOfAlice, "{}").wantSuccess(t, "{}")
}

// Behaviour F7: a response that is too large is told, not lost.
func TestBehaviourF7ResponseOverTheServersLimit(t *testing.T) {
	sc := &script{do: func(_ context.Context, p *probe, text string) (string, error) {
		return strings.Repeat("x", map[string]int{"fits": 1<<20 - 4, "does not": 1<<20 - 3}[text]), nil
	}}
	s := start(t, silo.Config{Grains: []grain.Kind{sc.kind()}})
	c := dialText(t, s)
	const call = "teff.call.probe-v1-Probe.k.Do"
	if got := c.ask(call, "\x0a\x04fits"); len(got.payload) != 1<<20 {
		t.Errorf("got %d bytes", len(got.payload))
	}
	c.ask(call, "\x0a\x08does not").wantError(t, grain.CodeResourceExhausted, false, "max_payload")
	_, err := do(t.Context(), connect(t, s), "k", "does not")
	if e := wantCode(t, err, grain.CodeResourceExhausted); e.NotExecuted() {
		t.Errorf("%v says that it was not executed", e)
	}
}
