package command

import (
	"errors"

	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace"
)

// ErrGroupExists: the stream has a group of this name.
var ErrGroupExists = errors.New("the group exists")

// GroupOf names a group of readers of a stream.
type GroupOf struct {
	Key, Group []byte
	// NoKey and NoGroup say why the command is refused where there is no stream, or no such group.
	NoKey, NoGroup error
	// Bad is an error of the arguments, which counts only where there is the group.
	Bad error
}

// find returns the group.
func (c GroupOf) find(tx *keyspace.Tx) (g *keyspace.ReaderGroup, err error) {
	_, found, err := tx.Expect(c.Key, crdt.TypeStream)
	if err == nil && found {
		g, err = tx.ReaderGroup(c.Key, c.Group)
	}
	switch {
	case err != nil:
		return nil, err
	case !found && c.NoKey != nil:
		return nil, refusing(c.NoKey)
	case g == nil:
		return nil, refusing(c.NoGroup)
	case c.Bad != nil:
		return nil, refusing(c.Bad)
	}
	return g, nil
}

// meet notes that a consumer was seen.
func (c GroupOf) meet(tx *keyspace.Tx, consumer []byte) error {
	fresh, err := tx.MeetConsumer(c.Key, c.Group, consumer)
	notedIf(err == nil && fresh, tx, keyspace.ClassStream, "xgroup-createconsumer", c.Key)
	return err
}

// entryOf reads an entry for a reply, without fields if it is no more.
func (r *entryReader) entryOf(key, name []byte) (e keyspace.Entry, found bool, err error) {
	e.ID, _, _ = crdt.SplitEntry(name)
	f, found, err := r.tx.StreamEntry(key, name)
	if err == nil && found {
		return r.read(name, &f), true, nil
	}
	r.size += elementBytes
	r.count++
	return e, found, err
}
