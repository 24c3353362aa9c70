package command

import (
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace"
)

// GetEx reads a string and lets its key end as Life says; with Persist it takes the deadline away. Reply:
// Found, Value. https://redis.io/commands/getex
type GetEx struct {
	Key     []byte
	Life    Lifetime
	Persist bool
}

// Name implements keyspace.Command.
func (GetEx) Name() string { return "GETEX" }

// Keys implements keyspace.Command.
func (c GetEx) Keys() [][]byte { return [][]byte{c.Key} }

// Writes implements keyspace.Command.
func (GetEx) Writes() bool { return true }

// Run implements keyspace.Command.
func (c GetEx) Run(tx *keyspace.Tx) (r keyspace.Reply, err error) {
	h, found, err := tx.Expect(c.Key, crdt.TypeString)
	if err != nil || !found {
		return r, err
	}
	r.Found = true
	r.Value, _ = h.Value()
	if c.Persist {
		_, err = Persist{Key: c.Key}.Run(tx)
		return r, err
	}
	at, err := c.Life.end(tx, c.Key)
	if err != nil || at == crdt.Never {
		return r, err
	}
	return r, expire(tx, c.Key, at)
}
