package command

import (
	"fmt"

	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace"
)

// ErrFieldNotInteger is keyspace.ErrNotInteger of a field.
var ErrFieldNotInteger = fmt.Errorf("hash %w", keyspace.ErrNotInteger)

// HIncr adds Delta to the number in a field of a hash; nothing counts as 0. Reply: Int,
// the value after it as this node sees it. Errors: ErrWrongType, ErrFieldNotInteger,
// ErrOverflow. https://redis.io/commands/hincrby
type HIncr struct {
	Key, Field []byte
	Delta      int64
}

// Name implements keyspace.Command.
func (HIncr) Name() string { return "HINCRBY" }

// Keys implements keyspace.Command.
func (c HIncr) Keys() [][]byte { return [][]byte{c.Key} }

// Writes implements keyspace.Command.
func (HIncr) Writes() bool { return true }

// Run implements keyspace.Command.
func (c HIncr) Run(tx *keyspace.Tx) (r keyspace.Reply, err error) {
	if _, _, err := tx.Expect(c.Key, crdt.TypeHash); err != nil {
		return r, err
	}
	f, err := tx.Field(c.Key, c.Field)
	if err != nil {
		return r, err
	}
	n, isInt := f.Integer()
	if !isInt {
		return r, ErrFieldNotInteger
	}
	var exact bool
	if r.Int, exact = n.Add(crdt.TotalOf(c.Delta)).Int64(); !exact {
		return r, keyspace.ErrOverflow
	}
	return r, noted(tx, tx.IncrementField(c.Key, c.Field, crdt.TotalOf(c.Delta)), keyspace.ClassHash, "hincrby", c.Key)
}
