package command

import (
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace"
)

// HSetEx sets fields of a hash that end as Life says. The condition holds at this node: all of the fields are there, or none
// is. Reply: Int, 1 if they were set and else 0. https://redis.io/commands/hsetex
type HSetEx struct {
	Key    []byte
	Fields []FieldValue
	// Absent and Present are conditions on all of the fields; at most one is set.
	Absent, Present bool
	Life            Lifetime
}

// Name implements keyspace.Command.
func (HSetEx) Name() string { return "HSETEX" }

// Keys implements keyspace.Command.
func (c HSetEx) Keys() [][]byte { return [][]byte{c.Key} }

// Writes implements keyspace.Command.
func (HSetEx) Writes() bool { return true }

// Run implements keyspace.Command.
func (c HSetEx) Run(tx *keyspace.Tx) (r keyspace.Reply, err error) {
	if _, _, err := tx.Expect(c.Key, crdt.TypeHash); err != nil {
		return r, err
	}
	at, err := c.Life.fieldEnd(tx)
	if err != nil {
		return r, err
	}
	if holds, err := c.holds(tx); err != nil || !holds {
		return r, err
	}
	for _, f := range c.Fields {
		if err := c.write(tx, f); err != nil {
			return r, err
		}
	}
	r.Int = 1
	tx.Notify(keyspace.ClassHash, "hset", c.Key)
	if at == crdt.Never {
		return r, nil
	}
	var done fieldsEnding
	for _, f := range c.Fields {
		if _, err := done.expire(tx, c.Key, f.Field, at, ExpireIf{}); err != nil {
			return r, err
		}
	}
	done.note(tx, c.Key)
	return r, nil
}

func (c HSetEx) holds(tx *keyspace.Tx) (bool, error) {
	for _, f := range c.Fields {
		old, err := tx.Field(c.Key, f.Field)
		if err != nil || c.Absent && old.Live() || c.Present && !old.Live() {
			return false, err
		}
	}
	return true, nil
}

func (c HSetEx) write(tx *keyspace.Tx, f FieldValue) error {
	if c.Life.As == EndsAsBefore {
		return tx.RewriteField(c.Key, f.Field, f.Value)
	}
	return tx.AssignField(c.Key, f.Field, f.Value)
}
