package command

import (
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace"
)

// Rename moves what From holds to To, in place of what that holds, as one update; with NX only where To
// does not exist. It copies what this node sees of From, and deletes that: what another region
// concurrently writes to From stays there. A counter goes by its value. Reply: Found, whether it was
// done. Errors: ErrNoKey; keyspace.TooLargeError where a collection is too large for one update.
// https://redis.io/commands/rename
type Rename struct {
	From, To []byte
	NX       bool
}

// Name implements keyspace.Command.
func (Rename) Name() string { return "RENAME" }

// Keys implements keyspace.Command.
func (c Rename) Keys() [][]byte { return [][]byte{c.From, c.To} }

// Writes implements keyspace.Command.
func (Rename) Writes() bool { return true }

// Run implements keyspace.Command.
func (c Rename) Run(tx *keyspace.Tx) (r keyspace.Reply, err error) {
	t, _, err := tx.Type(c.From)
	switch {
	case err != nil:
		return r, err
	case t == crdt.TypeNone:
		return r, ErrNoKey
	case string(c.From) == string(c.To):
		return keyspace.Reply{Found: !c.NX}, nil
	}
	if c.NX {
		if there, _, err := tx.Type(c.To); err != nil || there != crdt.TypeNone {
			return r, err
		}
	}
	if err := duplicate(tx, t, c.From, tx.Namespace(), c.To); err != nil {
		return r, err
	}
	if err := noted(tx, tx.Delete(c.From), keyspace.ClassGeneric, "rename_from", c.From); err != nil {
		return r, err
	}
	tx.Notify(keyspace.ClassGeneric, "rename_to", c.To)
	return keyspace.Reply{Found: true}, nil
}
