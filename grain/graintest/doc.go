// Package graintest tests a grain by itself: no silo, no network, no store. It links
// neither NATS nor Badger, so such a test builds and runs at once.
//
// # Model
//
// A [Harness] stands in for the silo around one activation. [New] constructs the
// grain, loads its state and runs OnActivate; the end of the test runs OnDeactivate.
// In between the test calls the grain's methods as they are, each with the context of
// a turn:
//
//	h := graintest.New(t, newAccount, "alice")
//	resp, err := h.Grain.Deposit(h.Turn(), &bankv1.DepositRequest{Amount: 5})
//
// What the grain asks of the outside is answered by the test: its calls to other
// grains by [Harness.Reply], [Harness.Fail] and [Harness.Answer], its commits by
// success unless [Harness.FailCommit] says otherwise. What it does there can be read
// back: [Harness.Calls], [Harness.Stored], [Harness.Commits]. Functions given to
// Activation.Go wait for [Harness.RunQueued].
//
// A [Caller] is the same for code outside of grains that calls some.
//
// # Like a silo, and unlike
//
// As in a silo, requests, replies and state are copied on their way, an error of an
// outgoing call arrives flattened to code, message and details, a call to the grain
// itself is refused with CodeAborted, a nil request with CodeInvalidArgument, hooks
// with a wrong signature are refused, and a turn has a deadline (30 s) and ends with
// its branches.
//
// A method that the test calls is a plain Go call, though: its request is not copied,
// its error is not flattened, its panic is the test's, and only a turn made with
// [ReadOnly] refuses Update. There is one activation and nobody else: no mailbox, no
// cycles beyond the grain itself, no retries.
//
// # How it fails
//
// A mistake of the test or the grain (a call that nothing is canned for, a seed of the
// wrong message type) fails the test with a sentence that says what to write.
package graintest
