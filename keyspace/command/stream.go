package command

import (
	"bytes"
	"errors"

	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace"
)

// Errors of commands on streams.
var (
	// ErrStreamID: what was to be the id of an entry is none.
	ErrStreamID = errors.New("no id of an entry of a stream")
	// ErrLowID: an entry may not have an id that does not follow the last one.
	ErrLowID = errors.New("the id does not follow the last one")
	// ErrNoIDLeft: the last id of the stream is the greatest there is.
	ErrNoIDLeft = errors.New("no id is left")
	// ErrIDTop: the last id is to be less than that of an entry.
	ErrIDTop = errors.New("the id is less than that of an entry")
	// ErrFewAdded: fewer entries are to have been added than there are.
	ErrFewAdded = errors.New("fewer were added than there are")
)

// entryReader reads entries of streams, those of one reply.
type entryReader struct {
	tx    *keyspace.Tx
	size  int // about, in bytes
	count int
}

// take reads entries of a stream, not more than limit, 0 for all. The error tells if the reader has taken more than
// any reply may hold.
func (r *entryReader) take(key []byte, first, last crdt.StreamID, from keyspace.End, limit int64) (list []keyspace.Entry, err error) {
	err = r.tx.Entries(key, first, last, from, func(name []byte, f *crdt.Field) bool {
		list = append(list, r.read(name, f))
		return int64(len(list)) != limit && r.size <= replyBytes
	})
	if err == nil {
		err = r.fits()
	}
	return list, err
}

// read copies an entry.
func (r *entryReader) read(name []byte, f *crdt.Field) (e keyspace.Entry) {
	e.ID, _, _ = crdt.SplitEntry(name)
	for _, x := range f.Entry() {
		e.Fields = append(e.Fields, bytes.Clone(x))
		r.size += len(x)
	}
	r.size += elementBytes
	r.count++
	return e
}

// fits refuses more than any reply may hold.
func (r *entryReader) fits() error {
	if r.size <= replyBytes {
		return nil
	}
	return &keyspace.TooLargeError{What: "reply bytes", Size: r.size, Limit: replyBytes}
}

// Trim says which entries of a stream are to go, the oldest first.
type Trim struct {
	By TrimBy
	// MaxLen is how many may stay, MinID the least id that may.
	MaxLen int64
	MinID  crdt.StreamID
	// About lets entries go only trimStep at a time, or all that are left, and not more than Limit; 0 is no limit.
	About bool
	Limit int64
}

// TrimBy is what a stream is trimmed by.
type TrimBy int

// What a stream can be trimmed by.
const (
	NoTrim TrimBy = iota
	ByLength
	ByID
)

// trimStep is how many entries Redis keeps in a node, and lets go together where the length need not be exact.
const trimStep = 100

// run trims, and returns how many entries went.
func (t Trim) run(tx *keyspace.Tx, key []byte) (gone int64, err error) {
	if t.By == NoTrim {
		return 0, nil
	}
	s, err := tx.Stream(key)
	if err != nil {
		return 0, err
	}
	names, err := t.choose(tx, key, s.Length)
	if err != nil {
		return 0, err
	}
	return int64(len(names)), tx.DeleteEntries(key, names, false)
}

// choose returns the names of the entries that are to go. Where the length need not be exact it reads none before
// there are enough of them.
func (t Trim) choose(tx *keyspace.Tx, key []byte, length int64) (names [][]byte, err error) {
	last, most := crdt.MaxStreamID, length
	if t.By == ByID {
		var some bool
		if last, some = t.MinID.Prev(); !some {
			return nil, nil
		}
	} else {
		most = max(0, length-t.MaxLen)
	}
	if t.About {
		most = t.whole(most, length)
	}
	if most == 0 {
		return nil, nil
	}
	err = tx.Entries(key, crdt.StreamID{}, last, keyspace.Front, func(name []byte, _ *crdt.Field) bool {
		names = append(names, bytes.Clone(name))
		return int64(len(names)) < most
	})
	if err == nil && t.About {
		names = names[:t.whole(int64(len(names)), length)]
	}
	return names, err
}

// whole returns how many of n entries that may go are to, of a stream with a length.
func (t Trim) whole(n, length int64) (gone int64) {
	for {
		step := min(trimStep, length-gone)
		if step == 0 || gone+step > n || t.Limit > 0 && gone+step > t.Limit {
			return gone
		}
		gone += step
	}
}
