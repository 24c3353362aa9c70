package command

import (
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace"
)

// XTrim deletes the oldest entries of a stream that this node has seen. Reply: Int, how many.
// https://redis.io/commands/xtrim
type XTrim struct {
	Key  []byte
	Trim Trim
}

// Name implements keyspace.Command.
func (XTrim) Name() string { return "XTRIM" }

// Keys implements keyspace.Command.
func (c XTrim) Keys() [][]byte { return [][]byte{c.Key} }

// Writes implements keyspace.Command.
func (XTrim) Writes() bool { return true }

// Run implements keyspace.Command.
func (c XTrim) Run(tx *keyspace.Tx) (r keyspace.Reply, err error) {
	if _, found, err := tx.Expect(c.Key, crdt.TypeStream); err != nil || !found {
		return r, err
	}
	r.Int, err = c.Trim.run(tx, c.Key)
	notedIf(err == nil && r.Int > 0, tx, keyspace.ClassStream, "xtrim", c.Key)
	return r, err
}
