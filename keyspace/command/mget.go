package command

import (
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace"
)

// replyBytes bounds what one reply may hold, whatever was asked for.
const replyBytes = 64 << 20

// MGet reads several strings at one point in time. Reply: List, in the order of the keys; nil stands
// for a key that holds no string.
type MGet struct{ List [][]byte }

// Name implements keyspace.Command.
func (MGet) Name() string { return "MGET" }

// Keys implements keyspace.Command.
func (c MGet) Keys() [][]byte { return c.List }

// Writes implements keyspace.Command.
func (MGet) Writes() bool { return false }

// Run implements keyspace.Command.
func (c MGet) Run(tx *keyspace.Tx) (r keyspace.Reply, err error) {
	size := 0
	for _, key := range c.List {
		t, h, err := tx.Type(key)
		if err != nil {
			return keyspace.Reply{}, err
		}
		var value []byte
		if t == crdt.TypeString {
			value, _ = h.Value()
			value = append([]byte{}, value...) // the empty string is not nil
		}
		if size += len(value); size > replyBytes {
			return keyspace.Reply{}, &keyspace.TooLargeError{What: "reply bytes", Size: size, Limit: replyBytes}
		}
		r.List = append(r.List, value)
	}
	return r, nil
}
