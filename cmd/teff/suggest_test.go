package main

import "testing"

func TestClosest(t *testing.T) {
	types := []string{"bank.v1.Account", "bank.v1.Accounting", "bank.v1.Run", "shop.Cart"}
	for name, want := range map[string]string{
		"bank.v1.Acc":     "bank.v1.Account",
		"bank.v1.Account": "bank.v1.Account",
		"bank.v1.Accoun":  "bank.v1.Account",
		"acc":             "bank.v1.Account",
		"Account":         "bank.v1.Account",
		"bank.v1.Acount":  "bank.v1.Account",
		"bank.v2.Account": "bank.v1.Account",
		"bank.v1.Ru":      "bank.v1.Run",
		"bank.v1.Rum":     "bank.v1.Run",
		"bank.v1.Xyz":     "",
		"bank.v1.":        "",
		"cart":            "shop.Cart",
		"":                "",
	} {
		if got := closest(name, types); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	if got := closest("Ad", []string{"Get", "Add", "Address"}); got != "Add" {
		t.Errorf("got %q", got)
	}
}
