package command

import (
	"bytes"
	"errors"

	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace"
)

// ErrIndex: the list has no element of this index.
var ErrIndex = errors.New("index out of range")

// items are elements of a list.
type items struct {
	at     []crdt.Position
	values [][]byte
}

// takeItems reads elements from one end, without the first skip and not more than limit.
// Its error tells if they have more than bytesMax; 0 is what any reply may hold.
func takeItems(tx *keyspace.Tx, key []byte, from keyspace.End, skip, limit int64, bytesMax int) (out items, err error) {
	if bytesMax == 0 {
		bytesMax = replyBytes
	}
	if limit <= 0 {
		return out, nil
	}
	size := 0
	err = tx.Items(key, from, func(at crdt.Position, value []byte) bool {
		if skip > 0 {
			skip--
			return true
		}
		out.at, out.values = append(out.at, bytes.Clone(at)), append(out.values, bytes.Clone(value))
		limit--
		size += len(value)
		return limit > 0 && size <= bytesMax
	})
	if err == nil && size > bytesMax {
		err = &keyspace.TooLargeError{What: "reply bytes", Size: size, Limit: bytesMax}
	}
	return out, err
}

func (l *items) remove(tx *keyspace.Tx, key []byte) error {
	for _, at := range l.at {
		if err := tx.RemoveItem(key, at); err != nil {
			return err
		}
	}
	return nil
}

// removeItems takes elements at one end, not more than limit, out of the list, whatever their
// size.
func removeItems(tx *keyspace.Tx, key []byte, from keyspace.End, limit int64) error {
	var out items
	if limit <= 0 {
		return nil
	}
	err := tx.Items(key, from, func(at crdt.Position, _ []byte) bool {
		out.at = append(out.at, bytes.Clone(at))
		limit--
		return limit > 0
	})
	if err != nil {
		return err
	}
	return out.remove(tx, key)
}

// itemAt returns the element of an index, a negative one counted from the end, reached from
// the nearer end.
func itemAt(tx *keyspace.Tx, key []byte, index int64) (at crdt.Position, value []byte, found bool, err error) {
	n, err := tx.Count(key, crdt.TypeList)
	if err != nil {
		return nil, nil, false, err
	}
	if index < 0 {
		index += n
	}
	if index < 0 || index >= n {
		return nil, nil, false, nil
	}
	from, skip := keyspace.Front, index
	if behind := n - 1 - index; behind < index {
		from, skip = keyspace.Back, behind
	}
	err = tx.Items(key, from, func(p crdt.Position, v []byte) bool {
		if skip--; skip >= 0 {
			return true
		}
		at, value, found = bytes.Clone(p), bytes.Clone(v), true
		return false
	})
	return at, value, found, err
}

// span returns which of n elements lie between two indexes, negative ones counted from the
// end: from first up to last, both included; none if first > last.
func span(start, stop, n int64) (first, last int64) {
	if start < 0 {
		start = max(0, start+n)
	}
	if stop < 0 {
		stop += n
	}
	return start, min(stop, n-1)
}
