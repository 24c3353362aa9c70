// Package store answers one question: where is it kept?
//
// A [DB] keeps the cells, the op log and the heads of all shards of a node in one
// Pebble. [DB.Apply] writes a [Commit] as one batch: its cells, frames and heads are
// there together or not at all, after any crash. What the cells mean is not known
// here; the layout of the keys is in docs/formats/keys.md.
//
// A commit is visible as soon as Apply returns; [Pending] tells when it may be
// acknowledged and when it is durable. Many commits may be in flight.
//
// A disk that fails to write or to sync kills the store: nothing is acknowledged after
// it, nothing more is changed on disk, every later call returns [ErrDead], and
// [Events.Fatal] is called once. A failed sync is never tried again. The process is
// not ended: that is its owner's decision.
//
// A data directory belongs to one process; a second one gets [ErrInUse]. Damage found
// while opening is refused with [ErrCorrupt], naming the file.
package store
