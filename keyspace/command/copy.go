package command

import (
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace"
)

// Copy puts what this node sees at From also at To, as one update: with Replace in place of what To
// holds, otherwise only where To does not exist. A counter is copied by its value. Reply: Found, whether
// it was done. Errors: keyspace.TooLargeError where a collection is too large for one update.
// https://redis.io/commands/copy
type Copy struct {
	From, To []byte
	Replace  bool
}

// Name implements keyspace.Command.
func (Copy) Name() string { return "COPY" }

// Keys implements keyspace.Command.
func (c Copy) Keys() [][]byte { return [][]byte{c.From, c.To} }

// Writes implements keyspace.Command.
func (Copy) Writes() bool { return true }

// Run implements keyspace.Command.
func (c Copy) Run(tx *keyspace.Tx) (r keyspace.Reply, err error) {
	t, _, err := tx.Type(c.From)
	if err != nil || t == crdt.TypeNone {
		return r, err
	}
	if !c.Replace {
		if there, _, err := tx.Type(c.To); err != nil || there != crdt.TypeNone {
			return r, err
		}
	}
	if string(c.From) == string(c.To) {
		return keyspace.Reply{Found: true}, nil
	}
	if err := noted(tx, duplicate(tx, t, c.From, c.To), keyspace.ClassGeneric, "copy_to", c.To); err != nil {
		return r, err
	}
	return keyspace.Reply{Found: true}, nil
}
