package keyspace

import "github.com/atollkv/atoll/crdt"

// readCount keeps how many entries of a stream were read up to a place, as Redis does: exactly while none behind the
// place was deleted by itself, and else where the place tells by itself how many there are before it.
type readCount struct {
	tx    *Tx
	key   []byte
	known bool
	state Stream
	first crdt.StreamID
}

// load reads what the counts follow from.
func (r *readCount) load() (err error) {
	if r.known {
		return nil
	}
	if r.state, err = r.tx.Stream(r.key); err != nil {
		return err
	}
	r.known = true
	return r.tx.Entries(r.key, crdt.StreamID{}, crdt.MaxStreamID, Front, func(name []byte, _ *crdt.Field) bool {
		r.first, _, _ = crdt.SplitEntry(name)
		return false
	})
}

// next counts one more entry, that with an id.
func (r *readCount) next(c *crdt.Cursor, id crdt.StreamID) error {
	if err := r.load(); err != nil {
		return err
	}
	if c.Read != crdt.UnknownRead && !r.holesFrom(id) {
		c.Read++
	} else if r.state.Added() > 0 {
		c.Read = r.upTo(id)
	}
	return nil
}

// holesFrom tells whether an entry with an id, or behind it, was deleted by itself from among those that are left.
func (r *readCount) holesFrom(id crdt.StreamID) bool {
	return r.state.Length > 0 && r.state.Deleted != (crdt.StreamID{}) && id.Compare(r.state.Deleted) <= 0 && r.first.Compare(r.state.Deleted) <= 0
}

// upTo returns how many entries there were up to an id, if that can be told.
func (r *readCount) upTo(id crdt.StreamID) int64 {
	s, last := r.state, id.Compare(r.state.Last)
	switch {
	case s.Added() == 0:
		return 0
	case s.Length == 0 && last < 1:
		return s.Added()
	case last == 0:
		return s.Added()
	case last > 0:
		return crdt.UnknownRead
	case s.Deleted != (crdt.StreamID{}) && s.Deleted.Compare(r.first) >= 0:
		return crdt.UnknownRead
	case id.Compare(r.first) < 0:
		return s.Added() - s.Length
	case id == r.first:
		return s.Added() - s.Length + 1
	default:
		return crdt.UnknownRead
	}
}

// Lag returns how many entries of the stream at key a group has not read, if that can be told.
func (tx *Tx) Lag(key []byte, g *ReaderGroup) (n int64, known bool, err error) {
	r := readCount{tx: tx, key: key}
	if err := r.load(); err != nil || r.state.Added() == 0 {
		return 0, err == nil, err
	}
	read := g.Read
	if read == crdt.UnknownRead || r.holesFrom(g.Last.ID) {
		read = r.upTo(g.Last.ID)
	}
	return r.state.Added() - read, read != crdt.UnknownRead, nil
}
