// Package grainrt is what generated code calls: the run-time half of the generator.
// It is public because generated code lives with its users, and versioned because the
// two may be of different releases. Nobody writes code against it by hand.
package grainrt

// IsAtLeastVersion0_1 is named by code that needs this release's grainrt or a later
// one, so that older ones fail to compile with a name that says why.
const IsAtLeastVersion0_1 = true
