package command

import (
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace"
)

// The sizes up to which Redis 7.0 keeps things small: see redis.conf.
const (
	embeddedBytes   = 44
	intsetEntries   = 512
	listpackBytes   = 64
	listpackFields  = 128
	listpackMembers = 128
)

// Encoding names how Redis would keep what the key holds now; here it says nothing about how it is stored.
// Reply: Found, Value. https://redis.io/commands/object-encoding
type Encoding struct{ Key []byte }

// Name implements keyspace.Command.
func (Encoding) Name() string { return "OBJECT|ENCODING" }

// Keys implements keyspace.Command.
func (c Encoding) Keys() [][]byte { return [][]byte{c.Key} }

// Writes implements keyspace.Command.
func (Encoding) Writes() bool { return false }

// Run implements keyspace.Command.
func (c Encoding) Run(tx *keyspace.Tx) (keyspace.Reply, error) {
	t, h, err := tx.Type(c.Key)
	if err != nil || t == crdt.TypeNone {
		return keyspace.Reply{}, err
	}
	name := "raw"
	switch t {
	case crdt.TypeString:
		value, _ := h.Value()
		name = stringEncoding(value)
	case crdt.TypeSet:
		name, err = setEncoding(tx, c.Key)
	case crdt.TypeHash:
		name, err = hashEncoding(tx, c.Key)
	case crdt.TypeZSet:
		name, err = zsetEncoding(tx, c.Key)
	case crdt.TypeList:
		name = "quicklist"
	case crdt.TypeStream:
		name = "stream"
	}
	return keyspace.Reply{Found: true, Value: []byte(name)}, err
}

func stringEncoding(value []byte) string {
	if _, isInt := crdt.ParseInt(value); isInt {
		return "int"
	}
	if len(value) <= embeddedBytes {
		return "embstr"
	}
	return "raw"
}

func setEncoding(tx *keyspace.Tx, key []byte) (name string, err error) {
	n := 0
	name = "intset"
	err = tx.Members(key, nil, func(m []byte) bool {
		if _, isInt := crdt.ParseInt(m); !isInt || n == intsetEntries {
			name = "hashtable"
			return false
		}
		n++
		return true
	})
	return name, err
}

func hashEncoding(tx *keyspace.Tx, key []byte) (name string, err error) {
	n := 0
	name = "listpack"
	err = tx.Fields(key, nil, func(field, value []byte) bool {
		if n == listpackFields || len(field) > listpackBytes || len(value) > listpackBytes {
			name = "hashtable"
			return false
		}
		n++
		return true
	})
	return name, err
}

func zsetEncoding(tx *keyspace.Tx, key []byte) (name string, err error) {
	n := 0
	name = "listpack"
	err = tx.EachField(key, crdt.TypeZSet, func(member []byte, _ *crdt.Field) bool {
		if n == listpackMembers || len(member) > listpackBytes {
			name = "skiplist"
			return false
		}
		n++
		return true
	})
	return name, err
}
