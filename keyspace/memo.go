package keyspace

import (
	"bytes"
	"hash/maphash"
)

// memoKept bounds how many entries a memo keeps memory for when it forgets.
const memoKept = 256

// memo remembers what was read by key until it forgets. It allocates little: it is on the path of every write.
type memo[V any] struct {
	at      map[uint64]int // by hash of the key; index in entries
	entries []memoEntry[V]
	keys    []byte // of all entries, one behind the other
}

type memoEntry[V any] struct {
	from, to int // the key in keys
	value    V
}

var memoSeed = maphash.MakeSeed()

func (m *memo[V]) get(key []byte) (value V, ok bool) {
	if len(m.entries) == 0 {
		return value, false
	}
	i, ok := m.at[maphash.Bytes(memoSeed, key)]
	if !ok || !m.is(i, key) {
		return value, false
	}
	return m.entries[i].value, true
}

func (m *memo[V]) is(i int, key []byte) bool {
	e := &m.entries[i]
	return bytes.Equal(m.keys[e.from:e.to], key)
}

// put remembers a copy of a key, and a value. Of two keys with one hash it remembers the later.
func (m *memo[V]) put(key []byte, value V) {
	if m.at == nil {
		m.at = map[uint64]int{}
	}
	from := len(m.keys)
	m.keys = append(m.keys, key...)
	m.at[maphash.Bytes(memoSeed, key)] = len(m.entries)
	m.entries = append(m.entries, memoEntry[V]{from, len(m.keys), value})
}

// drop forgets one key.
func (m *memo[V]) drop(key []byte) {
	if len(m.entries) == 0 {
		return
	}
	hash := maphash.Bytes(memoSeed, key)
	if i, ok := m.at[hash]; ok && m.is(i, key) {
		delete(m.at, hash)
	}
}

// forget forgets everything.
func (m *memo[V]) forget() {
	if len(m.entries) > memoKept {
		*m = memo[V]{}
		return
	}
	clear(m.at)
	clear(m.entries) // the values may be large
	m.entries, m.keys = m.entries[:0], m.keys[:0]
}
