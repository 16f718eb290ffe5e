// Package sim is a world to prove the cluster protocol in, or to break it.
package sim
