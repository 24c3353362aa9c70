package command

import (
	"bytes"
	"strconv"

	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace"
)

// LPos finds elements that equal Value. Reply: Found and Int, the index of the first that
// counts; List, the indexes in decimal of all that count. https://redis.io/commands/lpos
type LPos struct {
	Key, Value []byte
	// Rank is from which match on they count, 1 is the first; a negative one searches from the
	// end. It is not 0.
	Rank int64
	// Count bounds the matches, MaxLen the elements looked at; 0 is no bound.
	Count, MaxLen int64
}

// Name implements keyspace.Command.
func (LPos) Name() string { return "LPOS" }

// Keys implements keyspace.Command.
func (c LPos) Keys() [][]byte { return [][]byte{c.Key} }

// Writes implements keyspace.Command.
func (LPos) Writes() bool { return false }

// Run implements keyspace.Command.
func (c LPos) Run(tx *keyspace.Tx) (r keyspace.Reply, err error) {
	if _, found, err := tx.Expect(c.Key, crdt.TypeList); err != nil || !found {
		return r, err
	}
	n, err := tx.Count(c.Key, crdt.TypeList)
	if err != nil {
		return r, err
	}
	from, skip := keyspace.Front, uint64(c.Rank)
	if c.Rank < 0 {
		from, skip = keyspace.Back, -skip
	}
	looked := int64(0)
	err = tx.Items(c.Key, from, func(_ crdt.Position, value []byte) bool {
		index := looked
		if from == keyspace.Back {
			index = n - 1 - looked
		}
		looked++
		if bytes.Equal(value, c.Value) {
			if skip--; int64(skip) <= 0 {
				r.List = append(r.List, strconv.AppendInt(nil, index, 10))
			}
		}
		return (c.Count == 0 || int64(len(r.List)) < c.Count) && looked != c.MaxLen
	})
	if r.Found = len(r.List) > 0; r.Found {
		r.Int, _ = strconv.ParseInt(string(r.List[0]), 10, 64)
	}
	return r, err
}
