// Package oplog answers one question: what travels?
//
// A [Record] is one update of one origin in one shard: its sequence, its stamp, the
// version vector it was made with (its context, dep) and a body that this package does
// not interpret. A [Frame] is a run of consecutive records of one origin, the unit in
// the op log and on the wire: the same bytes in both.
//
// Every record extends a chain hash per (shard, origin). Two nodes that hold the same
// dot with different hashes hold different histories: corruption, or one origin with
// two writers. Such frames are never merged.
//
// The package is pure. Decoders accept canonical bytes only and never panic. The
// encoding is specified in docs/formats/oplog.md.
package oplog
