package command

import (
	"bytes"
	"slices"

	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace"
)

// XDel deletes entries of a stream by their ids: all that this node has seen of an id. The stream stays, be it empty.
// Reply: Int, how many there were. https://redis.io/commands/xdel
type XDel struct {
	Key []byte
	IDs []crdt.StreamID
	// Bad is an error of the ids, which counts only where there is a stream.
	Bad error
}

// Name implements keyspace.Command.
func (XDel) Name() string { return "XDEL" }

// Keys implements keyspace.Command.
func (c XDel) Keys() [][]byte { return [][]byte{c.Key} }

// Writes implements keyspace.Command.
func (XDel) Writes() bool { return true }

// Run implements keyspace.Command.
func (c XDel) Run(tx *keyspace.Tx) (r keyspace.Reply, err error) {
	if _, found, err := tx.Expect(c.Key, crdt.TypeStream); err != nil || !found {
		return r, err
	}
	if c.Bad != nil {
		return r, refusing(c.Bad)
	}
	var names [][]byte
	ids := slices.Clone(c.IDs)
	slices.SortFunc(ids, crdt.StreamID.Compare)
	for _, id := range slices.Compact(ids) {
		err := tx.Entries(c.Key, id, id, keyspace.Front, func(name []byte, _ *crdt.Field) bool {
			names = append(names, bytes.Clone(name))
			return true
		})
		if err != nil {
			return r, err
		}
	}
	if err := tx.DeleteEntries(c.Key, names, true); err != nil {
		return r, err
	}
	r.Int = int64(len(names))
	notedIf(r.Int > 0, tx, keyspace.ClassStream, "xdel", c.Key)
	return r, nil
}
