package command

import (
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/internal/namespace"
	"github.com/atollkv/atoll/keyspace"
)

// Copy puts what this node sees at From also at To, as one update: with Replace in place of what To
// holds, otherwise only where To does not exist. A counter is copied by its value. Reply: Found, whether
// it was done. Errors: keyspace.TooLargeError where a collection is too large for one update.
// https://redis.io/commands/copy
type Copy struct {
	From, To []byte
	Replace  bool
	// Into is the namespace of To, if it is another.
	Into *namespace.Name
	// Apart refuses a copy of a key to itself: ErrSameKey.
	Apart bool
}

// Name implements keyspace.Command.
func (Copy) Name() string { return "COPY" }

// Keys implements keyspace.Command.
func (c Copy) Keys() [][]byte { return [][]byte{c.From, c.To} }

// Writes implements keyspace.Command.
func (Copy) Writes() bool { return true }

// Run implements keyspace.Command.
func (c Copy) Run(tx *keyspace.Tx) (r keyspace.Reply, err error) {
	into := tx.Namespace()
	if c.Into != nil {
		into = *c.Into
	}
	same := into == tx.Namespace() && string(c.From) == string(c.To)
	if same && c.Apart {
		return r, refusing(ErrSameKey)
	}
	t, _, err := tx.Type(c.From)
	if err != nil || t == crdt.TypeNone {
		return r, err
	}
	if !c.Replace {
		if there, err := typeIn(tx, into, c.To); err != nil || there != crdt.TypeNone {
			return r, err
		}
	}
	if same {
		return keyspace.Reply{Found: true}, nil
	}
	err = duplicate(tx, t, c.From, into, c.To)
	defer tx.Enter(tx.Namespace())
	tx.Enter(into)
	if err := noted(tx, err, keyspace.ClassGeneric, "copy_to", c.To); err != nil {
		return r, err
	}
	return keyspace.Reply{Found: true}, nil
}
