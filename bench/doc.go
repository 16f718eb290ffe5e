// Command bench measures what calls of grains cost beside what there is without Teff:
// plain NATS, and a database transaction a call.
//
// What is compared takes turns in short rounds of one run, so that a busy machine is
// unkind to both alike, and a ratio is the median of the rounds' ratios. Absolute
// numbers are the machine's. Remote calls are measured with three processes over TCP on
// loopback: the callers in this one, a NATS server, and what answers; the program starts
// itself again for the other two. CPU time is that of all three.
//
// The environment says what to print: JSON=1, one JSON object a line instead of a table;
// QUICK=1, shorter rounds, and less to rely on; CHECK=1, exit 1 where a must is missed;
// ONLY=remote, the rows of that suite; CALLERS=16, remote rows of that many callers;
// PROFILE=DIR, a CPU profile of each process.
//
// A must or a moonshot is held against the ratio, unless it names its unit. Allocations
// are those of the callers' process and, in local calls, without the one of the method's
// own.
package main
