package command

import (
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace"
)

// SMove removes a member from one set and adds it to another, as one update. Regions that move the same
// member concurrently to different sets all add it there. Reply: Found, whether the member was there;
// otherwise nothing changes. https://redis.io/commands/smove
type SMove struct{ From, To, Member []byte }

// Name implements keyspace.Command.
func (SMove) Name() string { return "SMOVE" }

// Keys implements keyspace.Command.
func (c SMove) Keys() [][]byte { return [][]byte{c.From, c.To} }

// Writes implements keyspace.Command.
func (SMove) Writes() bool { return true }

// Run implements keyspace.Command.
func (c SMove) Run(tx *keyspace.Tx) (r keyspace.Reply, err error) {
	if _, found, err := tx.Expect(c.From, crdt.TypeSet); err != nil || !found {
		return r, err
	}
	if _, _, err := tx.Expect(c.To, crdt.TypeSet); err != nil {
		return r, err
	}
	r.Found, err = tx.HasMember(c.From, c.Member)
	if err != nil || !r.Found || string(c.From) == string(c.To) {
		return r, err
	}
	if err := noted(tx, tx.Remove(c.From, c.Member), keyspace.ClassSet, "srem", c.From); err != nil {
		return r, err
	}
	there, err := tx.HasMember(c.To, c.Member)
	if err == nil {
		err = tx.Add(c.To, c.Member)
	}
	notedIf(err == nil && !there, tx, keyspace.ClassSet, "sadd", c.To)
	return r, err
}
