// Package respserver answers one question: how does a client of Redis speak to a node?
//
// [Server] takes connections, reads commands, and answers in version 2 or 3 of the Redis protocol.
// A command is one row of a table: its name, arity, flags, keys and help are those of Redis, and
// COMMAND, the errors and docs/redis.md are made from it. Data commands become commands of the
// keyspace and go through [server.Dispatcher.Do] like those of every other protocol; the rest is
// about the connection or the node.
//
// A connection is one goroutine. It runs what its client has sent, in order, and sends the replies
// when there is nothing more to read. Writes that follow each other are in flight together. Everything a client can make the server hold has a bound:
// arguments, lines, queued commands, replies that it does not read, connections, and all of these
// together.
//
// What Redis has and this package refuses is in refused.go, with reasons.
package respserver
