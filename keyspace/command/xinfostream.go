package command

import (
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace"
)

// XInfoStream tells about a stream. Reply: Stream, and Entries: the first and the last one; if Full is set the first
// ones, not more than Limit, 0 for all, and Groups. Int: how many groups there are. Errors: ErrNoKey. https://redis.io/commands/xinfo-stream
type XInfoStream struct {
	Key   []byte
	Full  bool
	Limit int64
	// Bad is an error of the arguments, which counts only where there is a stream.
	Bad error
}

// Name implements keyspace.Command.
func (XInfoStream) Name() string { return "XINFO|STREAM" }

// Keys implements keyspace.Command.
func (c XInfoStream) Keys() [][]byte { return [][]byte{c.Key} }

// Writes implements keyspace.Command.
func (XInfoStream) Writes() bool { return false }

// Run implements keyspace.Command.
func (c XInfoStream) Run(tx *keyspace.Tx) (r keyspace.Reply, err error) {
	switch _, found, err := tx.Expect(c.Key, crdt.TypeStream); {
	case err != nil:
		return r, err
	case !found:
		return r, ErrNoKey
	case c.Bad != nil:
		return r, refusing(c.Bad)
	}
	if r.Stream, err = tx.Stream(c.Key); err != nil {
		return r, err
	}
	groups, err := tx.ReaderGroups(c.Key)
	if err != nil {
		return r, err
	}
	r.Int = int64(len(groups))
	if c.Full {
		if r.Groups, err = groupInfos(tx, c.Key, c.Limit); err != nil {
			return r, err
		}
	}
	entries, limit := entryReader{tx: tx}, int64(1)
	if c.Full {
		limit = c.Limit
	}
	if r.Entries, err = entries.take(c.Key, crdt.StreamID{}, crdt.MaxStreamID, keyspace.Front, limit); err != nil || c.Full {
		return r, err
	}
	last, err := entries.take(c.Key, crdt.StreamID{}, crdt.MaxStreamID, keyspace.Back, 1)
	r.Entries = append(r.Entries, last...)
	return r, err
}
