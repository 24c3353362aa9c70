// Package sim plays whole clusters in one goroutine: one seed, virtual time, a network
// that delays, reorders streams against each other, cuts links both ways or one way,
// disks that fail, fill up and lose what was not synced, clocks that are skewed and step. It drives the
// real clock.HLC, crdt types, keyspace.Core and replication's Source, Sink and Router;
// only the shells around them (goroutines, gRPC, Pebble) are replaced.
//
// A run is a short history: 8 to 40 steps on one or two keys. After every step, at
// every node, what a client would read is compared with the rules applied to the set of
// updates that the node's version vector names (crdttest.Spec, which shares no code
// with the product). Nodes with equal vectors must have equal digests. At the end all
// faults are lifted and everything acknowledged must be everywhere.
//
// A failing seed is made as short as it can be and printed with its trace. It replays
// exactly, and so does what is printed when it is put into testdata/regressions:
//
//	go test ./test/sim -run TestSeeds -seed 123
//	go test ./test/sim -run TestRegressions
package sim
