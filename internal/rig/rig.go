// Package rig is what silo/silotest holds a silo by: a clock that it can stop, the views
// as the silo gets them, and an end without a word. It travels to silo.Start in the
// context, so that nobody else's configuration has a place for it.
//
// The zero Rig, and a nil one, change nothing.
package rig

import (
	"context"

	"github.com/teff-dev/teff/internal/bus"
	"github.com/teff-dev/teff/internal/cluster"
	"github.com/teff-dev/teff/internal/core/membership"
)

// A Rig belongs to one silo, or client.
type Rig struct {
	// Clock is the silo's, which it reads before all that it does to the world. Nil: one
	// of its own.
	Clock *cluster.Clock

	// Server is an embedded server that several silos of one process share; it is not the
	// silo's to stop. Nil: one of its own, or the one that its configuration names.
	Server *bus.Server

	// Changed is told each view, and as which incarnation the silo has it. It must not
	// block.
	Changed func(incarnation string, v *membership.View)

	// Kill is set when the silo has started. It ends the silo as the end of its process
	// would: nothing is handed over, no hook runs, nobody is told.
	Kill func()

	// Refresh is set by a client: it asks a silo for the view, and returns the newest.
	Refresh func(ctx context.Context) (*membership.View, error)

	// Pass is told each pass of a gate, by many goroutines. It must not block. Nil costs
	// nothing.
	Pass func(Pass)

	// Mutant is what the silo does wrong.
	Mutant membership.Mutant
}

type key struct{}

// With puts a rig into the context that silo.Start is to get.
func With(ctx context.Context, r *Rig) context.Context { return context.WithValue(ctx, key{}, r) }

// From returns the context's rig, or an empty one.
func From(ctx context.Context) *Rig {
	if r, ok := ctx.Value(key{}).(*Rig); ok && r != nil {
		return r
	}
	return new(Rig)
}
