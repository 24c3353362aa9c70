package command

import (
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace"
)

// Expire lets a key end. Of deadlines that regions set concurrently the longer counts; one that has come
// deletes the key. If holds at this node. Reply: Int, 1 if the deadline was set and 0 if the key does
// not exist or If does not hold. https://redis.io/commands/expire
type Expire struct {
	Key  []byte
	Life Lifetime
	If   ExpireIf
}

// ExpireIf is a condition on the deadline that a key has. One that has none ends later than any other.
type ExpireIf struct {
	// Without and With ask whether it has one.
	Without, With bool
	// Later and Sooner ask whether the new one is later, or sooner.
	Later, Sooner bool
}

// Name implements keyspace.Command.
func (Expire) Name() string { return "EXPIRE" }

// Keys implements keyspace.Command.
func (c Expire) Keys() [][]byte { return [][]byte{c.Key} }

// Writes implements keyspace.Command.
func (Expire) Writes() bool { return true }

// Run implements keyspace.Command.
func (c Expire) Run(tx *keyspace.Tx) (r keyspace.Reply, err error) {
	at, err := c.Life.end(tx, c.Key)
	if err != nil {
		return r, err
	}
	t, old, err := tx.Until(c.Key)
	if err != nil || t == crdt.TypeNone || !c.If.holds(old, at) {
		return r, err
	}
	r.Int = 1
	return r, expire(tx, c.Key, at)
}

// expire lets a key end, and notes that.
func expire(tx *keyspace.Tx, key []byte, at int64) error {
	event := "expire"
	switch {
	case at == crdt.Never:
		event = "persist"
	case at <= tx.Now():
		event = "del"
	}
	return noted(tx, tx.Expire(key, at), keyspace.ClassGeneric, event, key)
}

func (c ExpireIf) holds(old, at int64) bool {
	has := old != crdt.Never
	switch {
	case c.Without && has, c.With && !has:
		return false
	case c.Later && (!has || at <= old), c.Sooner && has && at >= old:
		return false
	default:
		return true
	}
}
