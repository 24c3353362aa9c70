package command

import (
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace"
)

// XAdd adds an entry to a stream, and makes one where there is none. An id that it gives follows every id that this
// node has seen in the stream, and is given nowhere else; an id that is given to it must follow them, and may have
// been given to an entry in another region as well: both are kept. Reply: Found, Value, the id as text, and Entries, the
// entry without its fields; not found if there is no stream and none is to be made. Errors: ErrLowID, ErrNoIDLeft. https://redis.io/commands/xadd
type XAdd struct {
	Key []byte
	// ID is the id, or only its time, or nothing of it.
	ID  crdt.StreamID
	Has IDParts
	// Fields holds names and values, in turn.
	Fields [][]byte
	// Existing makes no stream.
	Existing bool
	Trim     Trim
}

// IDParts is how much of an id is given.
type IDParts int

// How much of an id is given.
const (
	NoID IDParts = iota
	IDTime
	WholeID
)

// Name implements keyspace.Command.
func (XAdd) Name() string { return "XADD" }

// Keys implements keyspace.Command.
func (c XAdd) Keys() [][]byte { return [][]byte{c.Key} }

// Writes implements keyspace.Command.
func (XAdd) Writes() bool { return true }

// Run implements keyspace.Command.
func (c XAdd) Run(tx *keyspace.Tx) (r keyspace.Reply, err error) {
	_, found, err := tx.Expect(c.Key, crdt.TypeStream)
	if err != nil || !found && c.Existing {
		return r, err
	}
	s, _, err := tx.StreamState(c.Key)
	if err != nil {
		return r, err
	}
	id, err := c.id(tx, s.Last)
	if err != nil {
		return r, err
	}
	if err := tx.AddEntry(c.Key, keyspace.Entry{ID: id, Fields: c.Fields}); err != nil {
		return r, err
	}
	tx.Notify(keyspace.ClassStream, "xadd", c.Key)
	trimmed, err := c.Trim.run(tx, c.Key)
	notedIf(err == nil && trimmed > 0, tx, keyspace.ClassStream, "xtrim", c.Key)
	return keyspace.Reply{Found: true, Value: []byte(id.String()), Entries: []keyspace.Entry{{ID: id}}}, err
}

// id returns the id of the new entry.
func (c XAdd) id(tx *keyspace.Tx, last crdt.StreamID) (id crdt.StreamID, err error) {
	if last == crdt.MaxStreamID {
		return id, ErrNoIDLeft
	}
	ok := true
	switch id = c.ID; c.Has {
	case WholeID:
		ok = id.Compare(last) > 0
	case IDTime:
		id, ok = tx.NextID(&c.ID.Ms, last)
		ok = ok && id.Ms == c.ID.Ms
	default:
		if id, ok = tx.NextID(nil, last); !ok {
			return id, ErrNoIDLeft
		}
	}
	if !ok {
		return id, ErrLowID
	}
	return id, nil
}
