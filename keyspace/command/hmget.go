package command

import (
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace"
)

// HMGet reads fields of a hash. Reply: List, a value a name, in the order of Fields; nil
// where the field is not there. Values that together take more than a page holds are
// refused: keyspace.TooLargeError. https://redis.io/commands/hmget
type HMGet struct {
	Key    []byte
	Fields [][]byte
}

// Name implements keyspace.Command.
func (HMGet) Name() string { return "HMGET" }

// Keys implements keyspace.Command.
func (c HMGet) Keys() [][]byte { return [][]byte{c.Key} }

// Writes implements keyspace.Command.
func (HMGet) Writes() bool { return false }

// Run implements keyspace.Command.
func (c HMGet) Run(tx *keyspace.Tx) (r keyspace.Reply, err error) {
	_, found, err := tx.Expect(c.Key, crdt.TypeHash)
	if err != nil {
		return r, err
	}
	if r.List = make([][]byte, len(c.Fields)); !found {
		return r, nil
	}
	size := 0
	for i, name := range c.Fields {
		f, err := tx.Field(c.Key, name)
		if err != nil {
			return r, err
		}
		value, ok := f.Value()
		if size += len(value); size > pageBytes {
			return r, &keyspace.TooLargeError{What: "reply in bytes", Size: size, Limit: pageBytes}
		}
		if ok {
			r.List[i] = append([]byte{}, value...) // an empty value is not nil
		}
	}
	return r, nil
}
