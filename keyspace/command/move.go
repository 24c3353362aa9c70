package command

import (
	"errors"

	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/internal/namespace"
	"github.com/atollkv/atoll/keyspace"
)

// ErrSameKey: a key cannot be moved, or copied, to itself.
var ErrSameKey = errors.New("source and destination objects are the same")

// Move moves what a key holds to the key of that name in another namespace, if there is none, as one update. It
// copies what this node sees of it, and deletes that: what another region concurrently writes to it stays there. A counter goes by its
// value. Reply: Found, whether it was done. Errors: ErrSameKey; keyspace.TooLargeError where a collection is too large for one
// update. https://redis.io/commands/move
type Move struct {
	Key  []byte
	Into namespace.Name
}

// Name implements keyspace.Command.
func (Move) Name() string { return "MOVE" }

// Keys implements keyspace.Command.
func (c Move) Keys() [][]byte { return [][]byte{c.Key} }

// Writes implements keyspace.Command.
func (Move) Writes() bool { return true }

// Run implements keyspace.Command.
func (c Move) Run(tx *keyspace.Tx) (r keyspace.Reply, err error) {
	from := tx.Namespace()
	if from == c.Into {
		return r, refusing(ErrSameKey)
	}
	t, _, err := tx.Type(c.Key)
	if err != nil || t == crdt.TypeNone {
		return r, err
	}
	if there, err := typeIn(tx, c.Into, c.Key); err != nil || there != crdt.TypeNone {
		return r, err
	}
	if err := duplicate(tx, t, c.Key, c.Into, c.Key); err != nil {
		return r, err
	}
	if err := noted(tx, tx.Delete(c.Key), keyspace.ClassGeneric, "move_from", c.Key); err != nil {
		return r, err
	}
	tx.Enter(c.Into)
	tx.Notify(keyspace.ClassGeneric, "move_to", c.Key)
	tx.Enter(from)
	return keyspace.Reply{Found: true}, nil
}

// typeIn returns the type that a key of a namespace shows.
func typeIn(tx *keyspace.Tx, n namespace.Name, key []byte) (crdt.Type, error) {
	defer tx.Enter(tx.Namespace())
	tx.Enter(n)
	t, _, err := tx.Type(key)
	return t, err
}
