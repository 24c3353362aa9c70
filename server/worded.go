package server

import "github.com/atollkv/atoll/keyspace"

// Doer runs a command of the keyspace.
type Doer = func(keyspace.Command) (keyspace.Reply, error)

// Worded is a command as it is worded in the Redis protocol, apart from a connection of that protocol.
type Worded struct {
	// Name is in lower case; that of a subcommand is behind a bar.
	Name    string
	Command keyspace.Command
	// Alone tells that it cannot be part of a transaction.
	Alone bool
	// Prepare, unless it is nil, makes the command to run in the place of Command outside a transaction,
	// after a look at the keyspace.
	Prepare func(Doer) (keyspace.Command, error)
	// Reply returns the reply in version 3 of the protocol.
	Reply func(keyspace.Reply) []byte
}
