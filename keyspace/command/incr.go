package command

import (
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace"
)

// Incr adds Delta to the number at Key; nothing counts as 0. Reply: Int, the value
// after it as this node sees it. The errors are those of Redis: ErrWrongType,
// ErrNotInteger, ErrOverflow.
type Incr struct {
	Key   []byte
	Delta int64
}

// Name implements keyspace.Command.
func (Incr) Name() string { return "INCRBY" }

// Keys implements keyspace.Command.
func (c Incr) Keys() [][]byte { return [][]byte{c.Key} }

// Writes implements keyspace.Command.
func (Incr) Writes() bool { return true }

// Run implements keyspace.Command.
func (c Incr) Run(tx *keyspace.Tx) (r keyspace.Reply, err error) {
	h, found, err := tx.Expect(c.Key, crdt.TypeString)
	if err != nil {
		return r, err
	}
	var n crdt.Total
	if found {
		var isInt bool
		if n, isInt = h.Integer(); !isInt {
			return r, keyspace.ErrNotInteger
		}
	}
	var exact bool
	if r.Int, exact = n.Add(crdt.TotalOf(c.Delta)).Int64(); !exact {
		return r, keyspace.ErrOverflow
	}
	return r, noted(tx, tx.Increment(c.Key, crdt.TotalOf(c.Delta)), keyspace.ClassString, "incrby", c.Key)
}
