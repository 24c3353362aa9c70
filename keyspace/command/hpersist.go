package command

import (
	"github.com/atollkv/atoll/keyspace"
)

// HPersist takes the deadlines of fields of a hash away. It wins over deadlines that other regions set concurrently. Reply:
// Ints, one a field: FieldSet, NoFieldEnd or NoField. https://redis.io/commands/hpersist
type HPersist struct {
	Key    []byte
	Fields [][]byte
}

// Name implements keyspace.Command.
func (HPersist) Name() string { return "HPERSIST" }

// Keys implements keyspace.Command.
func (c HPersist) Keys() [][]byte { return [][]byte{c.Key} }

// Writes implements keyspace.Command.
func (HPersist) Writes() bool { return true }

// Run implements keyspace.Command.
func (c HPersist) Run(tx *keyspace.Tx) (r keyspace.Reply, err error) {
	return HExpire{Key: c.Key, Fields: c.Fields}.Run(tx)
}
