package command

import "github.com/atollkv/atoll/keyspace"

// DBSize counts the keys that exist. It works alone, not beside writes. Reply: Int; Replies, one, whose Int is
// how many of them have a deadline.
// https://redis.io/commands/dbsize
type DBSize struct{}

// Name implements keyspace.Command.
func (DBSize) Name() string { return "DBSIZE" }

// Keys implements keyspace.Command.
func (DBSize) Keys() [][]byte { return nil }

// Writes implements keyspace.Command.
func (DBSize) Writes() bool { return false }

// Run implements keyspace.Command.
func (DBSize) Run(tx *keyspace.Tx) (r keyspace.Reply, err error) {
	n, err := tx.Size()
	return keyspace.Reply{Int: n.Keys, Replies: []keyspace.Reply{{Int: n.Ending}}}, err
}
