// Package crdt answers one question: what does it become?
//
// It holds the mergeable types as pure values: [Register] (dotted siblings, the
// greatest stamp shown), [Counter] (one absolute shard per origin, floors left by
// resets), [Member] (dotted set member, add wins), [Field] (field of a hash: a register
// and a counter), and [Header], which joins them to the state of one key. [Update] is what one record of the op log says about them.
//
// Two ways lead to the same state. Applying an update in causal order changes exactly
// what its writer had seen (its context). Merging two states does the same with both
// version vectors as contexts: a dot on one side only is new if the other side's
// vector does not cover it, and removed otherwise. So there are no tombstones.
// (Almeida, Shoker, Baquero: "Delta State Replicated Data Types", 2018; Bieniusa et
// al.: "An Optimized Conflict-free Replicated Set", 2012.)
//
// The package does no I/O, reads no clock and starts no goroutine. Encodings are
// canonical: equal states have equal bytes. Decoders accept nothing else and never
// panic. See docs/formats/cells.md.
package crdt
