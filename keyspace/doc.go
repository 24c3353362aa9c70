// Package keyspace answers one question: how does an operation change a namespace?
//
// It is the one package that knows both the types (crdt) and the store. A [Shard] is
// the unit of order: one op log, one version vector, one commit loop. There are two
// doors into it and one corridor behind them:
//
//	Execute  door 1  local commands, which become one record of this node's origin
//	Merge    door 2  frames of other origins, applied when their context is covered
//
// Both end in the same function that applies an update to cells, and in one batch
// with the cells, the op-log frames and the version vector. There is no third door.
//
// [Core] is the corridor as a state machine, without goroutines, timers or disk; Shard
// is the thin shell around it. Reads run on the last acknowledged snapshot and never
// see what a crash could take back under the chosen fsync setting.
package keyspace
