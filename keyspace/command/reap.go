package command

import "github.com/atollkv/atoll/keyspace"

// Reap deletes a key that has ended, with everything of it that this node has seen. It is what nodes do by
// themselves; a key that has not ended is left alone. Reply: Int, 1 if it was deleted and else 0.
type Reap struct{ Key []byte }

// Name implements keyspace.Command.
func (Reap) Name() string { return "REAP" }

// Keys implements keyspace.Command.
func (c Reap) Keys() [][]byte { return [][]byte{c.Key} }

// Writes implements keyspace.Command.
func (Reap) Writes() bool { return true }

// Run implements keyspace.Command.
func (c Reap) Run(tx *keyspace.Tx) (r keyspace.Reply, err error) {
	gone, err := tx.Reap(c.Key)
	if gone {
		r.Int = 1
	}
	return r, err
}
