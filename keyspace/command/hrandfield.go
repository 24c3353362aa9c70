package command

import (
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace"
)

// HRandField picks fields of a hash at random: Count different ones, in byte order, all if there are no
// more, or -Count with repetitions. The same Seed picks the same places. It reads up to the last field
// that it picks. Reply: List, each field's name and value. https://redis.io/commands/hrandfield
type HRandField struct {
	Key   []byte
	Count int64
	Seed  uint64
}

// Name implements keyspace.Command.
func (HRandField) Name() string { return "HRANDFIELD" }

// Keys implements keyspace.Command.
func (c HRandField) Keys() [][]byte { return [][]byte{c.Key} }

// Writes implements keyspace.Command.
func (HRandField) Writes() bool { return false }

// Run implements keyspace.Command.
func (c HRandField) Run(tx *keyspace.Tx) (r keyspace.Reply, err error) {
	if _, found, err := tx.Expect(c.Key, crdt.TypeHash); err != nil || !found {
		return r, err
	}
	n, err := tx.Count(c.Key, crdt.TypeHash)
	if err != nil {
		return r, err
	}
	chosen := picks(c.Count, n, c.Seed)
	r.List = make([][]byte, 2*len(chosen))
	if len(chosen) == 0 {
		return r, nil
	}
	size, place := 0, int64(0)
	err = tx.Fields(c.Key, nil, func(name, value []byte) bool {
		for ; len(chosen) > 0 && chosen[0].place == place; chosen = chosen[1:] {
			slot := chosen[0].slot
			r.List[2*slot], r.List[2*slot+1] = name, value
			size += len(name) + len(value)
		}
		place++
		return len(chosen) > 0 && size <= replyBytes
	})
	if size > replyBytes {
		return keyspace.Reply{}, &keyspace.TooLargeError{What: "reply bytes", Size: size, Limit: replyBytes}
	}
	return r, err
}
