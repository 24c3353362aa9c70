package command

import (
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace"
)

// What is told of a field whose deadline was to be set, or is asked for.
const (
	NoField      = -2
	NoFieldEnd   = -1 // there is no deadline
	FieldUnmet   = 0  // the condition does not hold
	FieldSet     = 1
	FieldDeleted = 2 // the time has come already
)

// FieldEndMax is the latest end of a field, in Unix milliseconds: as in Redis 46 bits.
const FieldEndMax = 1<<46 - 1

// fieldEnd returns when a field is to end, in Unix milliseconds, or crdt.Never.
func (l Lifetime) fieldEnd(tx *keyspace.Tx) (at int64, err error) {
	if l.As == EndsAsBefore {
		l = Lifetime{} // differs from field to field
	}
	if at, err = l.end(tx, nil); err == nil && at > FieldEndMax {
		err = &LifetimeError{Of: l.Of}
	}
	return at, err
}

// fieldsEnding counts what a command has done to deadlines of fields.
type fieldsEnding struct{ set, lasting, deleted int }

// expire lets a field end if a condition holds, and returns what is told of it.
func (d *fieldsEnding) expire(tx *keyspace.Tx, key, name []byte, at int64, c ExpireIf) (what int64, err error) {
	found, old, err := tx.FieldUntil(key, name)
	switch {
	case err != nil || !found:
		return NoField, err
	case !c.holds(old, at):
		return FieldUnmet, nil
	case at == crdt.Never && old == crdt.Never:
		return NoFieldEnd, nil
	}
	what = FieldSet
	switch {
	case at == crdt.Never:
		d.lasting++
	case at <= tx.Now():
		d.deleted++
		what = FieldDeleted
	default:
		d.set++
	}
	return what, tx.ExpireField(key, name, at)
}

// note notes what was done.
func (d *fieldsEnding) note(tx *keyspace.Tx, key []byte) {
	switch {
	case d.deleted > 0:
		tx.Notify(keyspace.ClassHash, "hdel", key)
	case d.set > 0:
		tx.Notify(keyspace.ClassHash, "hexpire", key)
	case d.lasting > 0:
		tx.Notify(keyspace.ClassHash, "hpersist", key)
	}
}
