// Package e2e holds no code, only tests. They run what a newcomer runs, the samples, teff
// and the project that teff init writes, as processes: to the end, killed on the way, and
// called from other processes.
package e2e
