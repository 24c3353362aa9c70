package command

import (
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace"
)

// fieldPage reads a page of a hash; list returns what of a field is listed.
func fieldPage(tx *keyspace.Tx, key []byte, limit int, cursor []byte, list func(name, value []byte) [][]byte) (r keyspace.Reply, err error) {
	if _, found, err := tx.Expect(key, crdt.TypeHash); err != nil || !found {
		return r, err
	}
	if limit <= 0 {
		limit = pageSize
	}
	from, err := memberAfter(cursor)
	if err != nil {
		return r, err
	}
	var last []byte
	fields, size := 0, 0
	err = tx.Fields(key, from, func(name, value []byte) bool {
		size += len(name) + len(value)
		if fields > 0 && (fields == limit || size > pageBytes) {
			r.Cursor = append([]byte{cursorTag}, last...)
			return false
		}
		r.List = append(r.List, list(name, value)...)
		fields, last = fields+1, name
		return true
	})
	return r, err
}
