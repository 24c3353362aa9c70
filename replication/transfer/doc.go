// Package transfer answers one question: how does a node catch up when the log cannot help?
//
// A donor sends the state of a shard as it was at one version vector, cell by cell in key
// order; the receiver merges it while it goes on living. The protocol is two state
// machines without goroutines, locks or clocks, one stream, one connection of its own:
//
//   - [Donor], the sending side: it takes chunks from a pinned [Snapshot],
//   - [Receiver], the receiving side: it turns what comes into [Step]s,
//   - [Plan], which decides when state is needed, and from whom.
//
// [Server] and [Fetcher] are the shells around them: they serve, dial, wait and retry.
//
// It promises that state is asked for only when no live peer can deliver what is missing
// from its log, or when the node is new; that one transfer runs at a time; that memory is
// bounded at both ends; that a transfer goes on after a crash of either side, at the same
// donor or another, behind the last range that is durable here; and that a donor keeps
// its op log above the snapshot as long as the transfer, and a minute longer. It refuses
// what a [replication.Sink] refuses of a peer, and chunks that are damaged, out of order
// or too large. What a cell is, and how two of them merge, it does not know.
//
// The protocol is specified in docs/formats/transfer.md.
package transfer
