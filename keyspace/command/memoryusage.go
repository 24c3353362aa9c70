package command

import (
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace"
)

// cellBytes is what a cell takes beside key, element and value: prefix, kind, dot and stamp.
const cellBytes = 32

// MemoryUsage estimates the bytes that a key takes in the store, uncompressed. Of a collection it looks at
// Samples elements, 0 is all, and takes the others to be like them. Reply: Found, Int.
// https://redis.io/commands/memory-usage
type MemoryUsage struct {
	Key     []byte
	Samples int64
}

// Name implements keyspace.Command.
func (MemoryUsage) Name() string { return "MEMORY|USAGE" }

// Keys implements keyspace.Command.
func (c MemoryUsage) Keys() [][]byte { return [][]byte{c.Key} }

// Writes implements keyspace.Command.
func (MemoryUsage) Writes() bool { return false }

// Run implements keyspace.Command.
func (c MemoryUsage) Run(tx *keyspace.Tx) (r keyspace.Reply, err error) {
	t, h, err := tx.Type(c.Key)
	if err != nil || t == crdt.TypeNone {
		return r, err
	}
	header := int64(len(c.Key) + cellBytes)
	for _, s := range h.Register.Siblings {
		header += int64(len(s.Value))
	}
	r = keyspace.Reply{Found: true, Int: header}
	if t == crdt.TypeString {
		return r, nil
	}
	for _, part := range partsOf(t) {
		count, err := tx.Count(c.Key, part)
		if err != nil {
			return keyspace.Reply{}, err
		}
		looked, size, err := c.sample(tx, part)
		if err != nil {
			return keyspace.Reply{}, err
		}
		if looked > 0 {
			r.Int += int64(float64(size) / float64(looked) * float64(count))
		}
	}
	return r, nil
}

// partsOf returns what belongs to a key that shows a type.
func partsOf(t crdt.Type) []crdt.Type {
	if t == crdt.TypeStream {
		return []crdt.Type{t, crdt.TypeGroups}
	}
	return []crdt.Type{t}
}

// sample adds up elements with their cells.
func (c MemoryUsage) sample(tx *keyspace.Tx, t crdt.Type) (looked, size int64, err error) {
	weigh := func(n int) bool {
		looked, size = looked+1, size+int64(n+len(c.Key)+cellBytes)
		return looked != c.Samples
	}
	switch t {
	case crdt.TypeSet:
		err = tx.Members(c.Key, nil, func(m []byte) bool { return weigh(len(m)) })
	case crdt.TypeHash:
		err = tx.Fields(c.Key, nil, func(name, value []byte) bool { return weigh(len(name) + len(value)) })
	case crdt.TypeList:
		err = tx.Items(c.Key, keyspace.Front, func(at crdt.Position, value []byte) bool { return weigh(len(at) + len(value)) })
	case crdt.TypeStream, crdt.TypeGroups:
		err = tx.EachField(c.Key, t, func(name []byte, f *crdt.Field) bool {
			s, _ := f.Register.Shown()
			return weigh(len(name) + len(s.Value))
		})
	default:
		err = tx.EachField(c.Key, t, func(name []byte, _ *crdt.Field) bool { return weigh(len(name) + 8) })
	}
	return looked, size, err
}
