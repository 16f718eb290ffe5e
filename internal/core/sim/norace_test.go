//go:build !race

package sim_test

const fewer = 1
