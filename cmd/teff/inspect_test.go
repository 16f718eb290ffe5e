package main

import (
	"testing"

	"github.com/teff-dev/teff/silo"
)

func TestDescribe(t *testing.T) {
	startShop(t)
	golden(t, "describe",
		type1("describe"),
		type1("describe", "-o", "json"),
		type1("describe", "shop.Cart"),
		type1("describe", "-o", "json", "shop.Cart"),
		type1("describe", "Cart"),
		type1("describe", "shop-Cart"),
	)
}

func TestLs(t *testing.T) {
	startShop(t)
	for _, in := range []typing{
		type1("call", "shop.Cart/ann", "Get"),
		type1("call", "shop.Cart/bob", "Get"),
		type1("call", "shop.Cart/bob", "Fail", `{"code":"INTERNAL"}`),
	} {
		in.run(t.Context())
	}
	golden(t, "ls", type1("ls"), type1("ls", "-o", "json"))
}

func TestSiloWithoutGrains(t *testing.T) {
	s := startSilo(t, silo.Config{Cluster: "bare"})
	t.Setenv("TEFF_NATS", s.URL())
	t.Setenv("TEFF_CLUSTER", "bare")
	golden(t, "bare",
		type1("ls"),
		type1("describe"),
		type1("describe", "-o", "json"),
		type1("call", "shop.Cart/ann", "Get"),
	)
}

func TestVersionAndHelp(t *testing.T) {
	golden(t, "help",
		type1(),
		type1("--help"),
		type1("call", "-help"),
		type1("fetch"),
		type1("-o", "json", "calls"),
		type1("version", "now"),
	)
	for _, in := range []typing{type1("version"), type1("version", "-o", "json")} {
		if end := in.run(t.Context()); end.exit != exitOK || end.errors != "" || end.out == "" {
			t.Errorf("%v: got %+v", in.args, end)
		}
	}
}
