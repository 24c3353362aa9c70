package command

import (
	"bytes"

	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace"
)

// XRead reads the entries of streams whose ids follow one each. Reply: Found, and Replies, for each stream that has
// such entries its name in Value, and Entries. https://redis.io/commands/xread
type XRead struct {
	Streams []ReadFrom
	// Limit is how many are read of each at most, 0 for all.
	Limit int64
	// Begins, if it is not nil, receives the id that each stream is read from.
	Begins []crdt.StreamID
}

// ReadFrom says where to read a stream from.
type ReadFrom struct {
	Key   []byte
	After crdt.StreamID
	// Last: what comes after this moment.
	Last bool
	// Bad is an error of the id, which counts only where nothing else is wrong with those before it.
	Bad error
}

// Name implements keyspace.Command.
func (XRead) Name() string { return "XREAD" }

// Keys implements keyspace.Command.
func (c XRead) Keys() (keys [][]byte) {
	for _, s := range c.Streams {
		keys = append(keys, s.Key)
	}
	return keys
}

// From returns the command that reads one of the streams, from where c began.
func (c XRead) From(key []byte) XRead {
	for i, s := range c.Streams {
		if bytes.Equal(s.Key, key) {
			return XRead{Streams: []ReadFrom{{Key: key, After: c.Begins[i]}}, Limit: c.Limit}
		}
	}
	return XRead{}
}

// Writes implements keyspace.Command.
func (XRead) Writes() bool { return false }

// Run implements keyspace.Command.
func (c XRead) Run(tx *keyspace.Tx) (r keyspace.Reply, err error) {
	after := make([]crdt.StreamID, len(c.Streams))
	for i, s := range c.Streams {
		if _, _, err := tx.Expect(s.Key, crdt.TypeStream); err != nil {
			return r, err
		}
		if after[i] = s.After; s.Last {
			now, _, err := tx.Stream(s.Key)
			if err != nil {
				return r, err
			}
			after[i] = now.Last
		}
		if s.Bad != nil {
			return r, refusing(s.Bad)
		}
	}
	copy(c.Begins, after)
	for i, s := range c.Streams {
		first, some := after[i].Next()
		if !some {
			continue
		}
		list, err := takeEntries(tx, s.Key, first, crdt.MaxStreamID, keyspace.Front, c.Limit)
		if err != nil {
			return keyspace.Reply{}, err
		}
		if len(list) > 0 {
			r.Found, r.Replies = true, append(r.Replies, keyspace.Reply{Value: s.Key, Entries: list})
		}
	}
	return r, nil
}
