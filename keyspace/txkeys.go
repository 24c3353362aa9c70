package keyspace

import (
	"bytes"
	"slices"
)

const (
	// txKeysInLine is of how many keys a transaction goes through all to find one.
	txKeysInLine = 8
	// txKeysKept bounds the keys whose memory the next transaction uses.
	txKeysKept = 64
)

// txKeys are the keys that a transaction changes. Most change one: their memory serves the next transaction.
type txKeys struct {
	list  []*txKey          // as they came
	byKey map[string]*txKey // by full key; nil while there are few
	spare []*txKey
}

// of returns what becomes of a full key; nil if it is not changed.
func (s *txKeys) of(full []byte) *txKey {
	if s.byKey != nil {
		return s.byKey[string(full)]
	}
	for _, k := range s.list {
		if bytes.Equal(k.change.Key, full) {
			return k
		}
	}
	return nil
}

// add begins the change of a full key that is not among them.
func (s *txKeys) add(full []byte) *txKey {
	k := s.take()
	k.change.Key = bytes.Clone(full)
	s.list = append(s.list, k)
	if s.byKey == nil && len(s.list) > txKeysInLine {
		s.byKey = map[string]*txKey{}
		for _, k := range s.list {
			s.byKey[string(k.change.Key)] = k
		}
	} else if s.byKey != nil {
		s.byKey[string(full)] = k
	}
	return k
}

func (s *txKeys) take() *txKey {
	n := len(s.spare) - 1
	if n < 0 {
		return &txKey{}
	}
	k := s.spare[n]
	s.spare = s.spare[:n]
	return k
}

// sorted returns them ascending by key.
func (s *txKeys) sorted() []*txKey {
	if len(s.list) > 1 {
		slices.SortFunc(s.list, func(a, b *txKey) int { return bytes.Compare(a.change.Key, b.change.Key) })
	}
	return s.list
}

// forget begins with none. Nobody may use those that were there.
func (s *txKeys) forget() {
	for _, k := range s.list {
		if len(s.spare) < txKeysKept {
			*k = txKey{}
			s.spare = append(s.spare, k)
		}
	}
	clear(s.list)
	s.list, s.byKey = s.list[:0], nil
}

// txMemory is what transactions of a commit loop use one after the other.
type txMemory struct {
	tx    Tx
	write txWrite
	body  []byte // of the record
}

// forget lets go of what the last transaction used.
func (m *txMemory) forget() {
	keys, changes := m.write.keys, m.write.changes
	keys.forget()
	clear(changes)
	if cap(changes) > txKeysKept {
		changes = nil
	}
	m.tx, m.write = Tx{}, txWrite{keys: keys, changes: changes[:0]}
}
