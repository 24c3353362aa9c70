package command

import (
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace"
)

// HExpire lets fields of a hash end. Of deadlines that regions set concurrently the longer counts; one that has come
// deletes the field. If holds at this node. Reply: Ints, one a field: FieldSet, FieldUnmet, FieldDeleted or NoField.
// https://redis.io/commands/hexpire
type HExpire struct {
	Key    []byte
	Fields [][]byte
	Life   Lifetime
	If     ExpireIf
}

// Name implements keyspace.Command.
func (HExpire) Name() string { return "HEXPIRE" }

// Keys implements keyspace.Command.
func (c HExpire) Keys() [][]byte { return [][]byte{c.Key} }

// Writes implements keyspace.Command.
func (HExpire) Writes() bool { return true }

// Run implements keyspace.Command.
func (c HExpire) Run(tx *keyspace.Tx) (r keyspace.Reply, err error) {
	_, found, err := tx.Expect(c.Key, crdt.TypeHash)
	if err != nil {
		return r, err
	}
	at, err := c.Life.fieldEnd(tx)
	if err != nil {
		return r, err
	}
	var done fieldsEnding
	for _, name := range c.Fields {
		what := int64(NoField)
		if found {
			if what, err = done.expire(tx, c.Key, name, at, c.If); err != nil {
				return r, err
			}
		}
		r.Ints = append(r.Ints, what)
	}
	done.note(tx, c.Key)
	return r, nil
}
