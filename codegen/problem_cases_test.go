package codegen_test

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/teff-dev/teff/internal/wire"
)

func problemCases() []problemCase {
	return slices.Concat(methodCases(), optionCases(), stateCases(), typeCases(), nameCases(), packageCases())
}

// methodCases are rpcs that no grain can have.
func methodCases() []problemCase {
	return []problemCase{
		{"client streaming", false, grainOf("  @@rpc R(stream M) returns (M);"), []string{
			"p.A.R streams its requests, which a grain cannot take: a call is one request and one response",
		}},
		{"bidirectional streaming", false, grainOf("  @@rpc R(stream M) returns (stream M);"), []string{
			"p.A.R streams both ways, which a grain cannot: a call is one request and one response",
		}},
		{"server streaming", false, grainOf("  @@rpc R(M) returns (stream M);"), []string{
			"p.A.R streams its responses, which is not supported yet",
		}},
		{"interleave", false, grainOf("  rpc R(M) returns (M) { option (teff.v1.method) = { @@interleave: true }; }"), []string{
			"interleave is not supported yet",
		}},
		{"interleave, as a field of the option", false, grainOf("  rpc R(M) returns (M) { @@option (teff.v1.method).interleave = true; }"), []string{
			"interleave is not supported yet",
		}},
		{"dedup", false, grainOf("  rpc R(M) returns (M) { option (teff.v1.method) = { @@dedup: {} }; }"), []string{
			"dedup is not supported yet",
		}},
		{"one-way with a response", false, grainOf("  rpc R(M) returns (M) { option (teff.v1.method) = { @@one_way: true }; }"), []string{
			"p.A.R is one-way, so its response must be google.protobuf.Empty, not p.M",
		}},
		{"timeout negative", false, grainOf("  rpc R(M) returns (M) { option (teff.v1.method) = { @@timeout: {seconds: -1} }; }"), []string{
			"timeout must be longer than zero, got -1s: leave it out for the silo's default",
		}},
		{"timeout zero", false, grainOf("  rpc R(M) returns (M) { option (teff.v1.method) = { @@timeout: {} }; }"), []string{
			"timeout must be longer than zero, got 0s: leave it out for the silo's default",
		}},
		{"timeout of mixed signs", false, grainOf("  rpc R(M) returns (M) { option (teff.v1.method) = { @@timeout: {seconds: 1, nanos: -1} }; }"), []string{
			"timeout is no duration: seconds 1, nanos -1",
		}},
		{"timeout above the wire's", false, grainOf("  rpc R(M) returns (M) { option (teff.v1.method) = { @@timeout: {seconds: " + strconv.Itoa(int(wire.MaxTimeout/time.Second)) + " nanos: 1} }; }"), []string{
			"timeout must be at most 24h0m0s, got 24h0m0.000000001s: no caller can wait longer for a call",
		}},
		{"name longer than the wire's", false, grainOf("  @@rpc " + strings.Repeat("R", wire.MaxMethodBytes+1) + "(M) returns (M);"), []string{
			"the name of an rpc of a grain has at most 128 bytes, this one has 129: shorten it",
		}},
		{"method option without a grain", false, map[string]string{
			"p.proto": head + "service A {\n  rpc Foo(M) returns (M) { @@option (teff.v1.method) = { one_way: true }; }\n  rpc Bar(M) returns (M);\n}\n" +
				"service B {\n  rpc Foo(M) returns (M) { @@option (teff.v1.method).immutable = true; }\n}\n",
		}, []string{
			"A.Foo has (teff.v1.method), but A is no grain: add option (teff.v1.grain) = {}",
			"B.Foo has (teff.v1.method), but B is no grain: add option (teff.v1.grain) = {}",
		}},
		{"group that looks like JSON", false, map[string]string{"p.proto": `syntax = "proto2";
package p;
import "teff/v1/options.proto";
option go_package = "example.com/p;p";
message M { optional group Part = 15 {} }
service A {
  option (teff.v1.grain) = {};
  @@rpc R(M) returns (M);
}
`}, []string{
			"the request p.M of p.A.R has a group with number 15, p.M.part: its first byte would be '{', which marks JSON; give it another number",
		}},
		{"delimited field that looks like JSON", false, map[string]string{"p.proto": `edition = "2023";
package p;
import "teff/v1/options.proto";
option go_package = "example.com/p;p";
option features.message_encoding = DELIMITED;
message M { M part = 15; }
service A {
  option (teff.v1.grain) = {};
  @@rpc R(M) returns (M);
}
`}, []string{
			"the request p.M of p.A.R has a group with number 15, p.M.part: its first byte would be '{', which marks JSON; give it another number",
		}},
		{"group as an extension that looks like JSON", false, map[string]string{"p.proto": `syntax = "proto2";
package p;
import "teff/v1/options.proto";
option go_package = "example.com/p;p";
message M { extensions 10 to 20; }
extend M { optional group Part = 15 {} }
service A {
  option (teff.v1.grain) = {};
  @@rpc R(M) returns (M);
}
`}, []string{
			"the request p.M of p.A.R has a group with number 15, p.part: its first byte would be '{', which marks JSON; give it another number",
		}},
	}
}

// optionCases are options of a service that mean nothing, or nothing yet.
func optionCases() []problemCase {
	return []problemCase{
		{"reentrancy", false, optionsOf("@@reentrancy: REENTRANCY_CHAIN"), []string{"REENTRANCY_CHAIN is not supported yet"}},
		{"placement", false, optionsOf("@@placement: PLACEMENT_STATELESS_WORKER"), []string{"PLACEMENT_STATELESS_WORKER is not supported yet"}},
		{"idle age negative", false, optionsOf("@@idle_after: {nanos: -5}"), []string{
			"idle_after must be longer than zero, got -5ns: leave it out for the silo's default",
		}},
		{"idle age too long", false, optionsOf("@@idle_after: {seconds: 400000000000}"), []string{
			"idle_after is no duration: seconds 400000000000, nanos 0",
		}},
		{"all at once", false, map[string]string{
			"a.proto": headOfOther + "service B {\n  option (teff.v1.grain) = {@@state: \"None\" @@reentrancy: REENTRANCY_REENTRANT};\n}\n",
			"p.proto": head + "service A {\n  option (teff.v1.grain) = {};\n  @@rpc R(stream M) returns (M);\n  @@rpc GrainID(M) returns (M);\n}\n",
		}, []string{
			"there is no message None to be the state: write its full name, and import its file",
			"REENTRANCY_REENTRANT is not supported yet",
			"p.A.R streams its requests, which a grain cannot take: a call is one request and one response",
			"an rpc cannot be called GrainID, in Go GrainID: every ref has it, to name its grain",
		}},
		{"the number of the grain option", false, map[string]string{
			"p.proto": `syntax = "proto3";
package p;
import "google/protobuf/descriptor.proto";
option go_package = "example.com/p;p";
extend google.protobuf.ServiceOptions {
  @@string mine = 78201;
}
message In {
  extend google.protobuf.MethodOptions {
    @@bool other = 78201;
  }
  extend google.protobuf.FieldOptions {
    bool fine = 78201;
  }
}
service A { option (mine) = "x"; }
`,
		}, []string{
			"the number 78201 of p.mine is taken by teff.v1.grain: give it another",
			"the number 78201 of p.In.other is taken by teff.v1.method: give it another",
		}},
	}
}

// stateCases are states that no Go type can be found for.
func stateCases() []problemCase {
	return []problemCase{
		{"state unknown", false, optionsOf(`@@state: "p.N"`), []string{
			"there is no message p.N to be the state: write its full name, and import its file",
		}},
		{"state an enum", false, map[string]string{
			"p.proto": head + "enum E { E_UNSPECIFIED = 0; }\nservice A {\n  option (teff.v1.grain) = {@@state: \"p.E\"};\n}\n",
		}, []string{
			"there is no message p.E to be the state: write its full name, and import its file",
		}},
		{"state a map's entry", false, map[string]string{
			"p.proto": head + "message N { map<string, string> m = 1; }\nservice A {\n  option (teff.v1.grain) = {@@state: \"p.N.MEntry\"};\n}\n",
		}, []string{
			"there is no message p.N.MEntry to be the state: write its full name, and import its file",
		}},
		{"state not imported", false, map[string]string{
			"a.proto": headOfOther + "message N {}\n",
			"p.proto": head + "service A {\n  option (teff.v1.grain) = {@@state: \"N\"};\n}\n",
		}, []string{
			`the state message p.N is in a.proto, which is not imported: add import "a.proto"`,
		}},
		{"messages of package main", false, map[string]string{
			"a.proto": "syntax = \"proto3\";\npackage a;\noption go_package = \"example.com/a;main\";\nmessage N {}\n",
			"p.proto": "syntax = \"proto3\";\npackage p;\nimport \"a.proto\";\nimport \"teff/v1/options.proto\";\noption go_package = \"example.com/p;p\";\n" +
				"service A {\n  option (teff.v1.grain) = {@@state: \"a.N\"};\n  @@rpc R(a.N) returns (a.N);\n}\n",
		}, []string{
			"the Go code of a.N is in package main (go_package of a.proto), which pteff cannot import: give it another package",
			"the Go code of a.N is in package main (go_package of a.proto), which pteff cannot import: give it another package",
		}},
		{"messages of an internal package", false, map[string]string{
			"a.proto": "syntax = \"proto3\";\npackage a;\noption go_package = \"example.com/a/internal/b;b\";\nmessage N {}\n",
			"b.proto": "syntax = \"proto3\";\npackage b;\nimport \"a.proto\";\nimport \"teff/v1/options.proto\";\noption go_package = \"example.com/a/c;c\";\n" +
				"service B {\n  option (teff.v1.grain) = {state: \"a.N\"};\n}\n",
			"p.proto": "syntax = \"proto3\";\npackage p;\nimport \"a.proto\";\nimport \"teff/v1/options.proto\";\noption go_package = \"example.com/p;p\";\n" +
				"service A {\n  option (teff.v1.grain) = {@@state: \"a.N\"};\n}\n",
		}, []string{
			"the Go code of a.N is in example.com/a/internal/b, which example.com/p/pteff cannot import: it is internal to example.com/a",
		}},
	}
}

// typeCases are grain types that cannot be named so.
func typeCases() []problemCase {
	return []problemCase{
		{"name with a hyphen", false, optionsOf(`@@name: "a-b"`), []string{
			`the grain type's name "a-b" will not do: "a-b" is not a grain type: it is made of letters, digits and '_', in parts joined by '.', such as bank.v1.Account`,
		}},
		{"name too long", false, optionsOf(`@@name: "` + strings.Repeat("a", 129) + `"`), []string{
			`the grain type's name "` + strings.Repeat("a", 129) + `" will not do: a grain type's name has at most 128 bytes, this one has 129`,
		}},
		{"full name too long", false, map[string]string{
			"p.proto": head + "@@service " + strings.Repeat("A", 127) + " {\n  option (teff.v1.grain) = {};\n}\n",
		}, []string{
			"the service's full name will not do as the grain type's: a grain type's name has at most 128 bytes, this one has 129; give it another with the option's name",
		}},
		{"two types of one declared name", false, map[string]string{
			"a.proto": headOfOther + "service A {\n  option (teff.v1.grain) = {name: \"x.X\"};\n}\n",
			"p.proto": head + "service B {\n  option (teff.v1.grain) = {@@name: \"x.X\"};\n}\n",
		}, []string{
			"the grain type x.X is already that of the service p.A in a.proto",
		}},
		{"a declared name that is another's full name", false, map[string]string{
			"a.proto": headOfOther + "service A {\n  option (teff.v1.grain) = {name: \"p.B\"};\n}\n",
			"p.proto": head + "@@service B {\n  option (teff.v1.grain) = {};\n}\n",
		}, []string{
			"the grain type p.B is already that of the service p.A in a.proto",
		}},
	}
}

// nameCases are names that would clash in Go.
func nameCases() []problemCase {
	clash := func(other, name string) problemCase {
		return problemCase{"service " + other, false, map[string]string{
			"p.proto": head + "service Account {\n  option (teff.v1.grain) = {};\n  rpc R(M) returns (M);\n}\n" +
				"@@service " + other + " {\n  option (teff.v1.grain) = {};\n}\n",
		}, []string{
			"the Go code of the service p." + other + " would declare " + name + ", as does that of the service p.Account in p.proto: rename one",
		}}
	}
	return []problemCase{
		clash("AccountOf", "AccountOf"),
		clash("AccountKind", "AccountKind"),
		clash("AccountName", "AccountName"),
		clash("UnimplementedAccount", "UnimplementedAccount"),
		clash("account", "Account"),
		clash("AccountRMethod", "AccountRMethod"),
		{"constants", false, map[string]string{
			"p.proto": head + "service A {\n  option (teff.v1.grain) = {};\n  rpc BC(M) returns (M);\n}\n" +
				"service AB {\n  option (teff.v1.grain) = {};\n  @@rpc C(M) returns (M);\n}\n",
		}, []string{
			"the Go code of the service p.AB would declare ABCMethod, as does that of the service p.A in p.proto: rename one",
		}},
		{"across files", false, map[string]string{
			"a.proto": headOfOther + "service A {\n  option (teff.v1.grain) = {};\n}\n",
			"p.proto": head + "@@service AOf {\n  option (teff.v1.grain) = {};\n}\n",
		}, []string{
			"the Go code of the service p.AOf would declare AOf, as does that of the service p.A in a.proto: rename one",
		}},
		{"reserved", false, grainOf("  @@rpc OnActivate(M) returns (M);\n  @@rpc on_deactivate(M) returns (M);\n  @@rpc GrainID(M) returns (M);\n  rpc onactivate(M) returns (M);"), []string{
			"an rpc cannot be called OnActivate, in Go OnActivate: a grain that has it is told when it enters memory",
			"an rpc cannot be called on_deactivate, in Go OnDeactivate: a grain that has it is told when it leaves memory",
			"an rpc cannot be called GrainID, in Go GrainID: every ref has it, to name its grain",
		}},
		{"rpcs that are one in Go", false, grainOf("  rpc do_it(M) returns (M);\n  @@rpc DoIt(M) returns (M);\n  @@rpc doIt(M) returns (M);"), []string{
			"the rpcs do_it and DoIt of p.A would both be the method DoIt in Go: rename one",
			"the rpcs do_it and doIt of p.A would both be the method DoIt in Go: rename one",
		}},
	}
}

// packageCases are clashes with what is not a grain.
func packageCases() []problemCase {
	same := func(name, declared, clash, what string) problemCase {
		return problemCase{"same package, " + name, true, map[string]string{
			"a.proto": headOfOther + declared + "\n",
			"p.proto": head + "@@service Account {\n  option (teff.v1.grain) = {};\n}\n",
		}, []string{
			"the Go code of the service p.Account would declare " + clash + ", as does that of " + what + " in a.proto: rename one",
		}}
	}
	return []problemCase{
		same("message", "message AccountOf {}", "AccountOf", "the message p.AccountOf"),
		same("nested message", "message AccountName { message N {} }", "AccountName", "the message p.AccountName"),
		same("enum", "enum AccountKind { A_UNSPECIFIED = 0; }", "AccountKind", "the enum p.AccountKind"),
		{"same package, enum's value", true, map[string]string{
			"a.proto": headOfOther + "enum Up { Up_UNSPECIFIED = 0; }\n",
			"p.proto": head + "@@service Up_Up_UNSPECIFIED {\n  option (teff.v1.grain) = {};\n}\n",
		}, []string{
			"the Go code of the service p.Up_Up_UNSPECIFIED would declare Up_Up_UNSPECIFIED, as does that of the enum p.Up in a.proto: rename one",
		}},
		{"same package, oneof", true, map[string]string{
			"a.proto": headOfOther + "message X { oneof ref { bool a = 1; } }\n",
			"p.proto": head + "@@service IsX_ {\n  option (teff.v1.grain) = {};\n}\n",
		}, []string{
			"the Go code of the service p.IsX_ would declare isX_Ref, as does that of the message p.X in a.proto: rename one",
		}},
		{"its own messages' package with a generated name", false, map[string]string{
			"p.proto": strings.Replace(head, "example.com/p;p", "example.com/BOf;p", 1) + "@@service B {\n  option (teff.v1.grain) = {};\n}\n",
		}, []string{
			"the Go package example.com/BOf would be imported as BOf, which the Go code of the service p.B declares: rename one",
		}},
		{"an import with a generated name", false, map[string]string{
			"a.proto": "syntax = \"proto3\";\npackage a;\noption go_package = \"example.com/Account;a\";\nmessage N {}\n",
			"p.proto": "syntax = \"proto3\";\npackage p;\nimport \"a.proto\";\nimport \"teff/v1/options.proto\";\noption go_package = \"example.com/p;p\";\n" +
				"@@service Account {\n  option (teff.v1.grain) = {};\n  rpc R(a.N) returns (a.N);\n}\n",
		}, []string{
			"the Go package example.com/Account would be imported as Account, which the Go code of the service p.Account declares: rename one",
		}},
	}
}
