// Package placement says where shards should live. It decides nothing: the coordinator
// compares its targets with what is, and owners move what differs.
package placement
