package keyspace

import (
	"encoding/binary"

	"github.com/atollkv/atoll/crdt"
)

// Fields of a hash come and go in its index of what ends, and the store walks over what was deleted until it is compacted. So a
// cell beside the index says from when on there are entries: who asks what has ended begins there, and not at the start.
//
// Invariant: no entry of a hash lies before the time in its cell, in the store or the batch. Without the cell it is 0. It is
// local, and lies in the commits that move entries: each snapshot has the two as they belong together.

// endsFromEvery is how far the time in the cell may stay behind the present where entries move, in milliseconds.
const endsFromEvery = 1000

func endsFromKey(key []byte) []byte { return appendCellKey(nil, key, kindFieldEndFrom, nil) }

// endsFrom returns from when on, in Unix milliseconds, fields of a hash stand in its index.
func endsFrom(src interface{ Get([]byte) ([]byte, error) }, key []byte) (int64, error) {
	b, err := src.Get(endsFromKey(key))
	if err != nil || len(b) != fieldEndBytes {
		return 0, err
	}
	return int64(binary.BigEndian.Uint64(b)), nil
}

// setEndsFrom writes the cell of a hash; 0 deletes it.
func (b *batch) setEndsFrom(key []byte, at int64) {
	var value []byte
	if at > 0 {
		value = binary.BigEndian.AppendUint64(nil, uint64(at))
	}
	b.set(endsFromKey(key), value)
}

// lowerEndsFrom notes that there is an entry at a time. A cell that cannot be read is deleted: then all is looked through.
func (b *batch) lowerEndsFrom(key []byte, at int64) {
	from, err := endsFrom(b, key)
	switch {
	case err != nil:
		b.setEndsFrom(key, 0)
	case at < from:
		b.setEndsFrom(key, at)
	}
}

// raiseEndsFrom looks, where a change has moved entries of a hash, for the first one there is now. What cannot be read leaves the
// cell as it is.
func (c *Core) raiseEndsFrom(key []byte, h *crdt.Header) {
	moved := c.batch.endsMoved
	c.batch.endsMoved = false
	if !moved || !fieldsMayEnd(crdt.TypeHash, h) {
		return
	}
	now := c.hlc.Look(c.cfg.MaxOffset).WallMillis()
	from, err := endsFrom(&c.batch, key)
	if err != nil || now-from < endsFromEvery {
		return
	}
	first := now
	err = c.batch.ends(key, now, func(at int64, _ []byte) bool { first = at; return false })
	if err == nil && first > from {
		c.batch.setEndsFrom(key, first)
	}
}

// forgetEndsFrom deletes the cell of a hash that has lost its claim of deadlines.
func (c *Core) forgetEndsFrom(key []byte, ended bool, h *crdt.Header) {
	if ended && !fieldsMayEnd(crdt.TypeHash, h) {
		c.batch.setEndsFrom(key, 0)
	}
}
