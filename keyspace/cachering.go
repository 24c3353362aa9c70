package keyspace

import (
	"bytes"
	"encoding/binary"
)

const (
	// ringEntryBytes begins an entry: its length in all u32, that of its key u32, that of its value and one more
	// u32, 0 for an absent cell, hash of the key u64, the commit from which it counts u64, whether it was read u8.
	ringEntryBytes = 4 + 4 + 4 + 8 + 8 + 1
	// ringSecondChances bounds how many entries that were read are written again to make room for one.
	ringSecondChances = 4
	// ringGhostBytes is how many bytes of a ring stand for one cell that was read once and is remembered.
	ringGhostBytes = 128
)

// cacheRing is a part of a cellCache: entries in one piece of memory, in the order in which they came. The oldest go first; one that was read since it came is written
// once more instead.
//
// The queue and its second chance are those of CLOCK (Corbató, A Paging Experiment with the Multics System, 1969).
type cacheRing struct {
	at    map[uint64]uint32 // where the entry of a hash begins
	bytes []byte            // as given
	head  int               // where the next entry goes
	tail  int               // the oldest entry
	used  int               // bytes from tail on, to head

	ghosts []uint32 // parts of hashes of cells that were read once
}

func (r *cacheRing) init(memory []byte) {
	r.bytes = memory
	r.ghosts = make([]uint32, max(1, len(memory)/ringGhostBytes))
	r.forget()
}

func (r *cacheRing) forget() {
	r.at, r.head, r.tail, r.used = map[uint64]uint32{}, 0, 0, 0
}

// wasRead tells whether a cell was read a short time ago, and remembers that it was now.
func (r *cacheRing) wasRead(hash uint64) bool {
	g, h := &r.ghosts[hash%uint64(len(r.ghosts))], uint32(hash>>32)|1
	was := *g == h
	*g = h
	return was
}

// ringEntry is an entry where it lies.
type ringEntry []byte

func (e ringEntry) bytes() int     { return int(binary.LittleEndian.Uint32(e)) }
func (e ringEntry) keyBytes() int  { return int(binary.LittleEndian.Uint32(e[4:])) }
func (e ringEntry) hash() uint64   { return binary.LittleEndian.Uint64(e[12:]) }
func (e ringEntry) from() uint64   { return binary.LittleEndian.Uint64(e[20:]) }
func (e ringEntry) wasRead() bool  { return e[28] != 0 }
func (e ringEntry) setRead(b byte) { e[28] = b }
func (e ringEntry) key() []byte    { return e[ringEntryBytes : ringEntryBytes+e.keyBytes()] }

// value returns nil for an absent cell.
func (e ringEntry) value() []byte {
	n := int(binary.LittleEndian.Uint32(e[8:]))
	if n == 0 {
		return nil
	}
	at := ringEntryBytes + e.keyBytes()
	return e[at : at+n-1 : at+n-1]
}

// setValue replaces the value by one that the entry has room for.
func (e ringEntry) setValue(value []byte, from uint64) {
	n := uint32(0)
	if value != nil {
		n = uint32(len(value)) + 1
	}
	binary.LittleEndian.PutUint32(e[8:], n)
	binary.LittleEndian.PutUint64(e[20:], from)
	copy(e[ringEntryBytes+e.keyBytes():], value)
}

// find returns the entry of a cell, or nil.
func (r *cacheRing) find(hash uint64, key []byte) ringEntry {
	at, ok := r.at[hash]
	if !ok {
		return nil
	}
	if e := ringEntry(r.bytes[at:]); bytes.Equal(e.key(), key) {
		return e
	}
	return nil
}

func (r *cacheRing) get(hash uint64, key []byte, at uint64) (value []byte, ok bool) {
	e := r.find(hash, key)
	if e == nil || e.from() > at {
		return nil, false
	}
	e.setRead(1)
	return bytes.Clone(e.value()), true
}

// remove drops the entry of a hash, if there is one. Its place becomes free in its turn.
func (r *cacheRing) remove(hash uint64) { delete(r.at, hash) }

// put keeps what a cell is from a commit on.
func (r *cacheRing) put(hash uint64, key, value []byte, from uint64) {
	if e := r.find(hash, key); e != nil && ringEntryBytes+len(key)+len(value) <= e.bytes() {
		e.setValue(value, from)
		return
	}
	r.remove(hash)
	size := ringEntryBytes + len(key) + len(value)
	if size > len(r.bytes)/8 {
		return
	}
	r.makeRoom(size)
	e := ringEntry(r.bytes[r.head : r.head+size])
	binary.LittleEndian.PutUint32(e, uint32(size))
	binary.LittleEndian.PutUint32(e[4:], uint32(len(key)))
	binary.LittleEndian.PutUint64(e[12:], hash)
	e.setRead(0)
	copy(e[ringEntryBytes:], key)
	e.setValue(value, from)
	r.advance(hash, size)
}

// advance counts in an entry that was written at the head.
func (r *cacheRing) advance(hash uint64, size int) {
	r.at[hash] = uint32(r.head)
	r.head += size
	r.used += size
}

// makeRoom frees size bytes in one piece at the head.
func (r *cacheRing) makeRoom(size int) {
	for chances := ringSecondChances; ; {
		switch {
		case r.used == 0:
			r.head, r.tail = 0, 0
			return
		case r.head > r.tail && size <= len(r.bytes)-r.head, r.head < r.tail && size <= r.tail-r.head:
			return
		case r.head > r.tail:
			r.wrap()
		default:
			r.dropOldest(&chances)
		}
	}
}

// wrap leaves what is behind the head empty, and goes on at the beginning.
func (r *cacheRing) wrap() {
	if len(r.bytes)-r.head >= 4 {
		binary.LittleEndian.PutUint32(r.bytes[r.head:], 0)
	}
	r.used += len(r.bytes) - r.head
	r.head = 0
}

// dropOldest frees the place of the oldest entry; the head is there or before it. If the entry was read, and there
// are chances, it goes to the head.
func (r *cacheRing) dropOldest(chances *int) {
	if len(r.bytes)-r.tail < 4 || ringEntry(r.bytes[r.tail:]).bytes() == 0 {
		r.used -= len(r.bytes) - r.tail
		r.tail = 0
		return
	}
	e := ringEntry(r.bytes[r.tail:])
	size, hash, again := e.bytes(), e.hash(), e.wasRead() && *chances > 0
	at, ok := r.at[hash]
	current := ok && at == uint32(r.tail)
	oldest := r.tail
	r.tail += size
	r.used -= size
	switch {
	case current && again:
		*chances--
		e.setRead(0)
		copy(r.bytes[r.head:], r.bytes[oldest:r.tail])
		r.advance(hash, size)
	case current:
		delete(r.at, hash)
	}
}
