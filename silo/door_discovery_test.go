package silo_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"

	"github.com/teff-dev/teff/grain"
	"github.com/teff-dev/teff/samples/bank/bank/v1/bankv1teff"
	"github.com/teff-dev/teff/silo"
)

// described rebuilds a service from nothing but what the silo tells.
func described(t *testing.T, c *textClient, service protoreflect.FullName, header ...string) protoreflect.ServiceDescriptor {
	t.Helper()
	msg := c.ask("teff.describe."+strings.ReplaceAll(string(service), ".", "-"), "", header...)
	set := new(descriptorpb.FileDescriptorSet)
	unmarshal := proto.Unmarshal
	if slices.Contains(header, inJSON) {
		unmarshal = protojson.Unmarshal
	}
	if err := unmarshal([]byte(msg.payload), set); err != nil {
		t.Fatal(err)
	}
	seen := make(map[string]bool)
	for _, file := range set.GetFile() { // imports come first, so that one pass is enough
		for _, dep := range file.GetDependency() {
			if !seen[dep] {
				t.Errorf("%s stands before %s, which it imports", file.GetName(), dep)
			}
		}
		seen[file.GetName()] = true
	}
	files, err := protodesc.NewFiles(set)
	if err != nil {
		t.Fatal(err)
	}
	found, err := files.FindDescriptorByName(service)
	if err != nil {
		t.Fatal(err)
	}
	return found.(protoreflect.ServiceDescriptor)
}

// A program without the proto files asks for them, and calls with what it gets.
func TestDescribeIsEnoughToCall(t *testing.T) {
	c := dialText(t, bank(t))
	for i, header := range [][]string{nil, {inJSON}} {
		m := described(t, c, "bank.v1.Account", header...).Methods().ByName("Deposit")
		req, resp := dynamicpb.NewMessage(m.Input()), dynamicpb.NewMessage(m.Output())
		req.Set(m.Input().Fields().ByName("amount"), protoreflect.ValueOfInt64(500))
		if err := proto.Unmarshal([]byte(c.ask(depositToAlice, encoded(t, req)).payload), resp); err != nil {
			t.Fatal(err)
		}
		if got := resp.Get(m.Output().Fields().ByName("balance")).Int(); got != int64(500*(i+1)) {
			t.Errorf("the balance is %d", got)
		}
	}
	read := described(t, c, "bank.v1.Account").Methods().ByName("Balance")
	if opts := read.Options().(*descriptorpb.MethodOptions); opts.GetIdempotencyLevel() != descriptorpb.MethodOptions_NO_SIDE_EFFECTS {
		t.Error("the idempotency level was lost on the way")
	}
}

func TestDescribeSaysWhatIsWrong(t *testing.T) {
	c := dialText(t, bank(t))
	c.ask("teff.describe.bank-v1-Acount", "").wantError(t, grain.CodeUnimplemented, true, "bank.v1.Acount")
	c.ask("teff.describe.bank.v1.Account", "").wantError(t, grain.CodeInvalidArgument, true, "bank-v1-Account")
	c.ask("teff.describe.9", "").wantError(t, grain.CodeInvalidArgument, true, `"9"`)
}

func TestControlKnowsStatusAndNothingElse(t *testing.T) {
	c := dialText(t, bank(t))
	ctl := "teff.ctl." + c.incarnation() + "."
	c.ask(depositToAlice, `{"amount":5}`).wantSuccess(t, `{"balance":"5"}`)
	c.ask(depositToAlice, `{"amount":-5}`)
	var status struct {
		Silo  struct{ Incarnation string }
		Types []struct{ Type, Activations, Turns, Errors string }
	}
	if err := json.Unmarshal([]byte(c.ask(ctl+"status", "", inJSON).payload), &status); err != nil || len(status.Types) != 1 {
		t.Fatalf("%+v: %v", status, err)
	}
	got := status.Types[0]
	if got.Type != "bank.v1.Account" || got.Activations != "1" || got.Turns != "2" || got.Errors != "1" || status.Silo.Incarnation != c.incarnation() {
		t.Errorf("the status is %+v", status)
	}
	for _, verb := range []string{"stop", "Status", "drain.status", "status.now"} {
		c.ask(ctl+verb, "").wantError(t, grain.CodeUnimplemented, true, verb)
	}
	if msg := c.ask("teff.ctl.NOBODY.status", ""); msg.status != "503" {
		t.Errorf("a silo that is not there answers %+v", msg)
	}
}

func TestViewTellsTheContract(t *testing.T) {
	s := start(t, silo.Config{Partitions: 64, Cluster: "other", Grains: []grain.Kind{bankv1teff.AccountKind(newAccount), whoAmI().kind()}})
	c := dialText(t, s)
	var view struct {
		Cluster     string
		WireVersion int
		Partitions  int
		Members     []struct {
			Incarnation, Release string
			Types                []string
		}
	}
	if err := json.Unmarshal([]byte(c.ask("other.view", "", inJSON).payload), &view); err != nil || len(view.Members) != 1 {
		t.Fatalf("%+v: %v", view, err)
	}
	m := view.Members[0]
	if view.Cluster != "other" || view.WireVersion != 1 || view.Partitions != 64 || m.Release == "" ||
		len(m.Incarnation) == 0 || len(m.Incarnation) > 24 || !slices.Equal(m.Types, []string{"bank.v1.Account", "probe.v1.Probe"}) {
		t.Errorf("the view is %+v", view)
	}
	if msg := c.ask("teff.view", ""); msg.status != "503" {
		t.Errorf("a cluster that is not there answers %+v", msg)
	}
	if msg := c.ask("teff.call.bank-v1-Account.alice.Balance", ""); msg.status != "503" {
		t.Errorf("a cluster that is not there answers %+v", msg)
	}
}

// service is what NATS's micro discovery tells of one.
type service struct {
	Type, Name, ID, Version string
	Metadata                map[string]string
}

// discover sends a discovery request and returns what want services answer.
func (c *textClient) discover(subject string, want int) map[string]service {
	c.t.Helper()
	reply := c.newInbox()
	c.send(subject, reply, "")
	all := make(map[string]service)
	for range want {
		var one service
		if err := json.Unmarshal([]byte(c.answer(reply).payload), &one); err != nil {
			c.t.Fatal(err)
		}
		all[one.Name] = one
	}
	return all
}

// `nats micro ls` shows a cluster: each type is a service.
func TestTypesAreMicroServices(t *testing.T) {
	c := dialText(t, start(t, silo.Config{Grains: []grain.Kind{bankv1teff.AccountKind(newAccount), whoAmI().kind()}}))
	for _, verb := range []string{"PING", "INFO", "STATS"} {
		all := c.discover("$SRV."+verb, 2)
		for name, typ := range map[string]string{"bank-v1-Account": "bank.v1.Account", "probe-v1-Probe": "probe.v1.Probe"} {
			one, ok := all[name]
			meta := one.Metadata
			if !ok || one.Version == "" || one.Type != "io.nats.micro.v1."+strings.ToLower(verb)+"_response" ||
				meta["teff.type"] != typ || meta["teff.wire"] != "1" || meta["teff.cluster"] != "teff" ||
				meta["teff.incarnation"] != c.incarnation() || meta["teff.subject"] != "teff.call."+name+".KEY.METHOD" {
				t.Errorf("%s says of %s: %+v", verb, name, one)
			}
			if one := c.discover("$SRV."+verb+"."+name, 1)[name]; one.ID == "" || one.ID != all[name].ID {
				t.Errorf("%s of %s alone: %+v", verb, name, one)
			}
		}
	}
}
