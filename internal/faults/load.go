//go:build linux

package faults

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/teff-dev/teff/grain"
	faultsv1 "github.com/teff-dev/teff/internal/faults/faults/v1"
	"github.com/teff-dev/teff/internal/faults/faults/v1/faultsv1teff"
)

// How many grains of each type there are.
const (
	registers = 24
	counters  = 8
	purses    = 8
	relays    = 32
)

func registerKey(i int) string { return fmt.Sprintf("register-%02d", i) }
func counterKey(i int) string  { return fmt.Sprintf("counter-%02d", i) }
func purseKey(i int) string    { return fmt.Sprintf("purse-%02d", i) }
func relayKey(i int) string    { return fmt.Sprintf("relay-%02d", i) }

// A load is who calls what, and how.
type load struct {
	perRegister int           // callers of each register
	perCounter  int           // callers of each counter
	payers      int           // callers who pay from purse to purse
	runners     int           // callers of grains that call each other
	hold        time.Duration // the longest turn
	pace        time.Duration // between two calls of a caller
	patience    time.Duration // the deadline of a call
}

// usual is the load where a scenario needs no other.
func usual() load {
	return load{
		perRegister: 3, perCounter: 2, payers: 4,
		hold: 20 * time.Millisecond, pace: 15 * time.Millisecond, patience: 8 * time.Second,
	}
}

// A crowd is the callers of a run.
type crowd struct {
	load    load
	callers atomic.Pointer[[]grain.Caller]
	history *history
	quiet   atomic.Bool // nobody writes registers for now

	values   atomic.Int64 // the last number that was written anywhere
	payments atomic.Int64
	mu       sync.Mutex
	unpaid   map[string]*faultsv1.PayRequest // begun, and not known to have ended
	wg       sync.WaitGroup
}

// begin lets everybody call until ctx ends; wait for wg then.
func (c *crowd) begin(ctx context.Context) {
	id := 0
	start := func(f func(ctx context.Context, id int)) {
		id++
		me := id
		c.wg.Go(func() {
			for ctx.Err() == nil {
				f(ctx, me)
				_ = wait(ctx, c.load.pace/2+rand.N(c.load.pace)) // its end shows in the loop's condition
			}
		})
	}
	for i := range registers {
		for range c.load.perRegister {
			last := int64(0) // what this caller last saw in the register
			start(func(ctx context.Context, id int) { c.callRegister(ctx, id, registerKey(i), &last) })
		}
	}
	for i := range counters {
		for range c.load.perCounter {
			start(func(ctx context.Context, id int) { c.callCounter(ctx, id, counterKey(i)) })
		}
	}
	for range c.load.payers {
		start(c.pay)
	}
	for range c.load.runners {
		start(c.run)
	}
}

// caller spreads callers over clients and the door.
func (c *crowd) caller(id int) grain.Caller {
	all := *c.callers.Load()
	return all[id%len(all)]
}

// do makes one call and writes down what became of it. A call lives to its own deadline
// when the run ends: so its fate is known.
func (c *crowd) do(ctx context.Context, o op, f func(ctx context.Context, o *op) error) op {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), c.load.patience)
	defer cancel()
	o.call = boottime()
	err := f(ctx, &o)
	o.ret = boottime()
	if o.fate, o.code = judge(o.kind, err); err != nil {
		o.text = err.Error()
	}
	c.history.add(o)
	return o
}

// holds draws how long a turn is: most are short.
func (c *crowd) holds() int64 {
	if c.load.hold <= 0 || rand.IntN(4) > 0 {
		return 0
	}
	return rand.Int64N(c.load.hold.Milliseconds() + 1)
}

func (c *crowd) callRegister(ctx context.Context, id int, key string, last *int64) {
	g := faultsv1teff.RegisterOf(c.caller(id), key)
	o := op{kind: opRead + opKind(rand.IntN(3)), key: key, caller: id}
	if c.quiet.Load() {
		o.kind = opRead
	}
	if o.kind != opRead {
		o.value = c.values.Add(1)
	}
	if o.kind == opSwap {
		o.expect = *last
	}
	o = c.do(ctx, o, func(ctx context.Context, o *op) error {
		switch o.kind {
		case opRead:
			resp, err := g.Read(ctx, &faultsv1.ReadRequest{Hold: c.holds()})
			o.value = resp.GetValue()
			return err
		case opWrite:
			_, err := g.Write(ctx, &faultsv1.WriteRequest{Hold: c.holds(), Value: o.value})
			return err
		default:
			resp, err := g.Swap(ctx, &faultsv1.SwapRequest{Hold: c.holds(), Expect: o.expect, Value: o.value})
			o.swapped = resp.GetSwapped()
			return err
		}
	})
	if o.fate == fateDone && (o.kind != opSwap || o.swapped) {
		*last = o.value
	}
}

func (c *crowd) callCounter(ctx context.Context, id int, key string) {
	g := faultsv1teff.CounterOf(c.caller(id), key)
	c.do(ctx, op{kind: opAdd, key: key, caller: id}, func(ctx context.Context, _ *op) error {
		_, err := g.Add(ctx, &faultsv1.AddRequest{})
		return err
	})
}

func (c *crowd) pay(ctx context.Context, id int) {
	from := rand.IntN(purses)
	to := (from + 1 + rand.IntN(purses-1)) % purses
	key := fmt.Sprintf("payment-%d", c.payments.Add(1))
	req := &faultsv1.PayRequest{From: purseKey(from), To: purseKey(to), Amount: 1 + rand.Int64N(opening/4)}
	c.mu.Lock()
	c.unpaid[key] = req
	c.mu.Unlock()
	c.payOnce(ctx, id, key, req)
}

func (c *crowd) payOnce(ctx context.Context, id int, key string, req *faultsv1.PayRequest) op {
	o := c.do(ctx, op{kind: opPay, key: key, caller: id}, func(ctx context.Context, _ *op) error {
		_, err := faultsv1teff.PaymentOf(c.caller(id), key).Pay(ctx, req)
		return err
	})
	if o.fate == fateDone {
		c.mu.Lock()
		delete(c.unpaid, key)
		c.mu.Unlock()
	}
	return o
}

// run has grains call each other, always upwards: two chains cannot wait for each other.
func (c *crowd) run(ctx context.Context, id int) {
	var keys []string
	for i := rand.IntN(relays / 2); i < relays; i += 1 + rand.IntN(relays/2) {
		keys = append(keys, relayKey(i))
	}
	c.do(ctx, op{kind: opRelay, key: keys[0], caller: id}, func(ctx context.Context, _ *op) error {
		resp, err := faultsv1teff.RelayOf(c.caller(id), keys[0]).Run(ctx, &faultsv1.RunRequest{Hold: c.holds(), Rest: keys[1:]})
		if err == nil && int(resp.GetRan()) != len(keys) {
			return fmt.Errorf("%d of %d grains ran", resp.GetRan(), len(keys))
		}
		return err
	})
}

// settle asks each grain until it answers, so that what is acknowledged is seen to be
// there, and returns what is wrong with the totals.
func (c *crowd) settle(ctx context.Context) []string {
	var bad []string
	for i := range registers {
		key := registerKey(i)
		if err := c.insist(ctx, func() error {
			o := c.do(ctx, op{kind: opRead, key: key}, func(ctx context.Context, o *op) error {
				resp, err := faultsv1teff.RegisterOf(c.caller(0), key).Read(ctx, &faultsv1.ReadRequest{})
				o.value = resp.GetValue()
				return err
			})
			return o.failed()
		}); err != nil {
			bad = append(bad, fmt.Sprintf("%s is not served after the faults: %v", key, err))
		}
	}
	if c.load.perCounter > 0 {
		bad = append(bad, c.checkCounters(ctx)...)
	}
	if c.load.payers > 0 {
		bad = append(bad, c.checkMoney(ctx)...)
	}
	return bad
}

func (o op) failed() error {
	if o.fate == fateDone {
		return nil
	}
	return errors.New(o.text)
}

// insist tries again until it works, or ctx ends.
func (c *crowd) insist(ctx context.Context, f func() error) error {
	err := ctx.Err()
	for ctx.Err() == nil {
		if err = f(); err == nil {
			return nil
		}
		_ = wait(ctx, 100*time.Millisecond) // its end shows in the loop's condition
	}
	return err
}
