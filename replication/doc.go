// Package replication answers one question: who else must know?
//
// It moves frames from a [Log] to an [Applier] on another node and knows neither what is
// in them nor where they are kept. The receiver pulls: it opens one stream per peer and
// says what it has durably; the peer pushes what follows.
//
// The protocol is a set of state machines without goroutines, locks or clocks:
//
//   - [Source], the sending side of one stream,
//   - [Sink], the receiving side of one stream,
//   - [Router], which decides at which peer an origin is asked for when its own node
//     cannot be reached,
//   - [Acks], what every member is known to hold durably.
//
// Messages and ticks go in, messages and frames come out; equal inputs give equal
// outputs. [Replicator] is the shell around them: it dials, serves, waits and retries.
// The simulator drives the machines directly.
//
// It promises that every durable frame of an origin is offered to every peer, in order
// and without gaps, as long as some live path holds it; that a slow peer holds up nobody
// else; and that a stream whose peer breaks the protocol is closed, with nothing merged
// from the message that broke it. It refuses peers of another cluster, itself, frames it
// did not ask for, and histories that differ from its own.
//
// The protocol is specified in docs/formats/replication.md.
package replication
