// Package crash answers one question: what is left of a shard when the power fails?
//
// A script of 200 commands of every kind (local transactions, frames of other regions,
// truncation of the op log, checkpoints, a restart) runs on a real shard over a real store,
// whose file system is in memory and knows what was synced. It runs under two faults:
//
//	power   before each operation that changes the disk, with 0, 50 and 100 % of what was
//	        not synced, the disk is copied as the loss of power would leave it
//	failure the nth such operation of the open store fails: once (EIO), or with those after
//	        it that need space, until there is room again (ENOSPC)
//
// Whatever is left must open, and hold a prefix of the script with everything that was
// acknowledged: values as a dumb model has them, and digest, heads and op log as a run
// without faults had them at that step. Origins are fresh, stamps only rise.
//
// `go test` takes a sample, chosen by a seed that it prints; `make crash` takes all.
package crash
