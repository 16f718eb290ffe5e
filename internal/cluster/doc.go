// Package cluster makes a silo a member of a cluster: it drives package
// core/membership over a JetStream bucket, and tells the silo what it owns and until when
// it may act.
//
// # Model
//
// One goroutine owns the node. What happens outside (a record that changed, an answer, a
// tick) is queued for it; what the node wants done is done before the next event, and
// what takes time comes back as an event. Records live in the stream KV_CLUSTER_cluster,
// one message a subject, and each change is republished by the server on CLUSTER.kv.KEY,
// so that observing fifty silos needs no consumer.
//
// # How it fails
//
// Without NATS the lease runs out and the gate closes; it opens again if nobody has
// declared the silo dead meanwhile. A silo that was declared dead is told so by Host.Ended
// and must begin again as a new incarnation.
package cluster
