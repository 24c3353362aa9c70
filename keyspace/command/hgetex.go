package command

import (
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace"
)

// HGetEx reads fields of a hash and lets them end as Life says; with Persist it takes their deadlines away. Reply: List, a
// value a name as HMGet has them. https://redis.io/commands/hgetex
type HGetEx struct {
	Key     []byte
	Fields  [][]byte
	Life    Lifetime
	Persist bool
}

// Name implements keyspace.Command.
func (HGetEx) Name() string { return "HGETEX" }

// Keys implements keyspace.Command.
func (c HGetEx) Keys() [][]byte { return [][]byte{c.Key} }

// Writes implements keyspace.Command.
func (HGetEx) Writes() bool { return true }

// Run implements keyspace.Command.
func (c HGetEx) Run(tx *keyspace.Tx) (r keyspace.Reply, err error) {
	if _, _, err := tx.Expect(c.Key, crdt.TypeHash); err != nil {
		return r, err
	}
	at, err := c.Life.fieldEnd(tx)
	if err != nil {
		return r, err
	}
	if r, err = (HMGet{Key: c.Key, Fields: c.Fields}).Run(tx); err != nil || at == crdt.Never && !c.Persist {
		return r, err
	}
	var done fieldsEnding
	for _, name := range c.Fields {
		if _, err := done.expire(tx, c.Key, name, at, ExpireIf{}); err != nil {
			return r, err
		}
	}
	done.note(tx, c.Key)
	return r, nil
}
