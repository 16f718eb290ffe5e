//go:build race

package sim_test

// The race detector has nothing to find in one goroutine, and costs its tenfold.
const fewer = 10
