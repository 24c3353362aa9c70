// Package resp answers one question: what do the bytes of the Redis protocol mean?
//
// [Reader.Read] reads one command at a time, as an array of bulk strings or as a line
// (inline), and words its errors as Redis does. It allocates for what has arrived, never
// for what a header promises. [Writer] collects replies in version 2 or 3 of the protocol.
//
// The package knows no command and does no I/O of its own.
//
// Source: https://redis.io/docs/latest/develop/reference/protocol-spec/
package resp
