// Package memstore keeps grains' state in memory: for tests, for trying things out,
// and for state that may be lost.
//
// It honours the whole contract of [persistence.Store] (fences, revisions, atomic
// commits, stable listings) except durability: what it holds ends with the process,
// or with Close. It is one process's own; silos of a cluster cannot share it. It has
// no limit of its own and never answers persistence.ErrFull.
package memstore
