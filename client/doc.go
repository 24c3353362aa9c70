// Package client is the Go SDK of Atoll. It answers one question: how does a program
// read and write keys?
//
//	db, err := client.Dial(ctx, "atoll://eu.example.com:7000,us.example.com:7000")
//	...
//	defer db.Close()
//	n, err := db.Counter("visits").Incr(ctx, 1)
//
// A [Client] is safe for use by many goroutines; a program needs one. Its calls share one
// stream, pipelined, to the first endpoint that answers. When the connection is lost it
// connects again, to the next endpoint if need be, with a growing, jittered pause.
//
// A write is acknowledged when it is durable at the node that took it, and reaches the
// other regions afterwards. After a failover to another region, writes made a moment ago
// may not be visible yet.
//
// # Errors
//
// Errors are an [*Error] with a stable code, a message, a hint and whether a retry may
// help; match them with errors.Is against the Err variables of this package.
//
// A read is tried again, on any endpoint, while its context lasts. A write is tried again
// only if it certainly did not happen. If it may have happened the call fails with
// [ErrUnknown]: read before repeating it, because a repeated push or transaction would
// happen twice.
//
// An increment by a method, as [Counter.Incr], has a name that nodes know for five minutes.
// It is also tried again where its connection was lost and it may have happened, for four
// minutes at most, and counts once. It fails with [ErrUnknown] when the context ends before
// an answer: a program that repeats it then counts once with [WithOperationID] only.
//
// # Keys and members
//
// Keys, members of sets and sorted sets, elements of lists, and fields of hashes are strings and may hold any bytes. A key must
// not be empty.
package client
