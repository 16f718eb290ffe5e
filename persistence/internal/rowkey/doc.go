// Package rowkey writes partitions and keys as bytes that sort as List promises:
// by partition, then by grain, then by name.
//
// Texts may hold any byte, so they are neither joined with a separator (a grain
// "a:b" and the state "b" of a grain "a" would meet) nor prefixed with their length
// (which does not sort): a NUL inside a text becomes 00 FF, and 00 01 ends it. No
// encoded text is a prefix of another, so a prefix scan finds one grain and not its
// namesakes.
package rowkey
