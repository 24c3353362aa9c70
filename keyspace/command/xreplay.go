package command

import (
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace"
)

// XReplay does again what an update did to a stream: entries have the ids that they were given, those that are here
// are deleted again. Reply: Int, 1 if that changed anything.
type XReplay struct {
	Key     []byte
	Entries []crdt.FieldChange
}

// Name implements keyspace.Command.
func (XReplay) Name() string { return "XREPLAY" }

// Keys implements keyspace.Command.
func (c XReplay) Keys() [][]byte { return [][]byte{c.Key} }

// Writes implements keyspace.Command.
func (XReplay) Writes() bool { return true }

// Run implements keyspace.Command.
func (c XReplay) Run(tx *keyspace.Tx) (r keyspace.Reply, err error) {
	if _, _, err := tx.Expect(c.Key, crdt.TypeStream); err != nil {
		return r, err
	}
	var last crdt.StreamID
	for _, x := range c.Entries {
		if string(x.Name) == string(crdt.StreamMark()) {
			mark, _ := crdt.ParseStreamState(x.Value)
			last = mark.Last
			continue
		}
		changed, err := again(tx, c.Key, x)
		if err != nil {
			return keyspace.Reply{}, err
		}
		if changed {
			r.Int = 1
		}
	}
	s, found, err := tx.StreamState(c.Key)
	if err == nil && (!found || last.Compare(s.Last) > 0) {
		r.Int, s.Last = 1, last
		err = tx.SetStream(c.Key, s)
	}
	if err == nil {
		tx.NotifyWrite(c.Key)
	}
	return r, err
}

// again adds an entry that is not here, or deletes one that is.
func again(tx *keyspace.Tx, key []byte, x crdt.FieldChange) (changed bool, err error) {
	there, err := tx.HasEntry(key, x.Name)
	switch {
	case err != nil || there == x.Assign:
		return false, err
	case x.Assign:
		return true, tx.PutEntry(key, x.Name, x.Value)
	default:
		return true, tx.DeleteEntries(key, [][]byte{x.Name}, true)
	}
}
