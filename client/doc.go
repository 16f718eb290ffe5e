// Package client calls grains from a Go program that hosts none.
//
//	c, err := client.Connect(ctx, client.Config{NATS: "nats://127.0.0.1:4222"})
//	resp, err := bankv1teff.AccountOf(c, "alice").Balance(ctx, &bankv1.BalanceRequest{})
//
// A call goes straight to the silo that owns the grain, in one hop. It fails with the
// same coded errors as a call within a silo; see package grain. What certainly did not
// begin is tried again within the call's deadline.
package client
