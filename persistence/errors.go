package persistence

import "errors"

// What a store may answer. Stores wrap these with the operation and the shard or
// key; callers test with errors.Is.
var (
	// ErrNotFound: there is no such record.
	ErrNotFound = errors.New("no such record")

	// ErrConflict: a record's revision is not the expected one. Nothing was written.
	ErrConflict = errors.New("the record was changed by somebody else")

	// ErrFenced: the shard was claimed with a higher fence. Nothing was written.
	ErrFenced = errors.New("the shard has a newer owner")

	// ErrUnknownOutcome: the commit may have happened, or may yet happen.
	ErrUnknownOutcome = errors.New("the store did not say whether it committed")

	// ErrFull: the store refuses to write, to keep its disk or memory from
	// overflowing. Nothing was written; reading goes on.
	ErrFull = errors.New("the store is full")

	// ErrTooLarge: a record, or a commit or deletion as a whole, is over the store's
	// limit. Nothing was written.
	ErrTooLarge = errors.New("too large for the store")

	// ErrInvalid: the request makes no sense to any store. Nothing was written.
	ErrInvalid = errors.New("the request is invalid")

	// ErrCorrupt: the record is there, and damaged. It is kept for inspection.
	ErrCorrupt = errors.New("the record is damaged")

	// ErrClosed: the store was closed. Nothing was written.
	ErrClosed = errors.New("the store is closed")
)
