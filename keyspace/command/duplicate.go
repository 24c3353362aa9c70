package command

import (
	"bytes"
	"errors"

	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/internal/namespace"
	"github.com/atollkv/atoll/keyspace"
)

// ErrNoKey: the operation needs a key that does not exist.
var ErrNoKey = errors.New("no such key")

// duplicateBytes bounds what one command copies, so that the update which it becomes is not too large;
// each element counts elementBytes more than it has.
const (
	duplicateBytes = 12 << 20
	elementBytes   = 16
	positionBytes  = 32
)

// duplicators read what a key holds and return how to write the same at another key, by type.
var duplicators = map[crdt.Type]func(tx *keyspace.Tx, from []byte) (write func(to []byte) error, err error){
	crdt.TypeString:  duplicateString,
	crdt.TypeSet:     duplicateSet,
	crdt.TypeHash:    duplicateHash,
	crdt.TypeZSet:    duplicateScores,
	crdt.TypeList:    duplicateList,
	crdt.TypeStream:  duplicateStream,
	crdt.TypeSketch:  duplicateSketch,
	crdt.TypeBounded: func(*keyspace.Tx, []byte) (func([]byte) error, error) { return nil, refusing(ErrPinned) },
}

// duplicate puts what this node sees at a key, which shows type t, in the place of what it sees at
// another, to end when that ends. A counter is copied by its value, which is the base of the new one.
//
// Invariant: everything is read, and found small enough, before anything is written.
func duplicate(tx *keyspace.Tx, t crdt.Type, from []byte, into namespace.Name, to []byte) error {
	write, err := duplicators[t](tx, from)
	if err != nil {
		return err
	}
	_, at, err := tx.Until(from)
	if err != nil {
		return err
	}
	defer tx.Enter(tx.Namespace())
	tx.Enter(into) // all is read
	if err := tx.Delete(to); err != nil {
		return err
	}
	if err := write(to); err != nil {
		return err
	}
	tx.NotifyNew(to)
	if at == crdt.Never {
		return nil
	}
	return tx.Expire(to, at)
}

func duplicateString(tx *keyspace.Tx, from []byte) (func([]byte) error, error) {
	h, err := tx.Header(from)
	if err != nil {
		return nil, err
	}
	value, _ := h.Value()
	return func(to []byte) error { return tx.Assign(to, value) }, nil
}

func duplicateSet(tx *keyspace.Tx, from []byte) (func([]byte) error, error) {
	var list [][]byte
	var size burden
	err := tx.Members(from, nil, func(m []byte) bool {
		list = append(list, m)
		return size.takes(len(m))
	})
	if err == nil {
		err = size.err()
	}
	return func(to []byte) error {
		for _, m := range list {
			if err := tx.Add(to, m); err != nil {
				return err
			}
		}
		return nil
	}, err
}

func duplicateScores(tx *keyspace.Tx, from []byte) (func([]byte) error, error) {
	var list []keyspace.Scored
	var size burden
	err := tx.Scores(from, nil, func(x keyspace.Scored) bool {
		list = append(list, x)
		return size.takes(len(x.Member) + 8)
	})
	if err == nil {
		err = size.err()
	}
	return func(to []byte) error {
		for _, x := range list {
			if err := tx.SetScore(to, x.Member, x.Score); err != nil {
				return err
			}
		}
		return nil
	}, err
}

func duplicateList(tx *keyspace.Tx, from []byte) (func([]byte) error, error) {
	var list [][]byte
	var size burden
	err := tx.Items(from, keyspace.Front, func(_ crdt.Position, value []byte) bool {
		list = append(list, bytes.Clone(value))
		return size.takes(len(value) + positionBytes)
	})
	if err == nil {
		err = size.err()
	}
	return func(to []byte) error { return tx.Push(to, keyspace.Back, list) }, err
}

func duplicateHash(tx *keyspace.Tx, from []byte) (func([]byte) error, error) {
	type field struct {
		FieldValue
		at int64
	}
	var list []field
	var size burden
	err := tx.EachField(from, crdt.TypeHash, func(name []byte, f *crdt.Field) bool {
		value, _ := f.Value()
		list = append(list, field{FieldValue{bytes.Clone(name), bytes.Clone(value)}, f.Until()})
		return size.takes(len(name) + len(value))
	})
	if err == nil {
		err = size.err()
	}
	return func(to []byte) error {
		for _, f := range list {
			if err := tx.AssignField(to, f.Field, f.Value); err != nil {
				return err
			}
			if f.at == crdt.Never {
				continue
			}
			if err := tx.ExpireField(to, f.Field, f.at); err != nil {
				return err
			}
		}
		return nil
	}, err
}

// duplicateStream copies entries with their names: of two copies of one stream, made in two regions, the union is the
// stream.
func duplicateStream(tx *keyspace.Tx, from []byte) (func([]byte) error, error) {
	s, _, err := tx.StreamState(from)
	if err != nil {
		return nil, err
	}
	groups, err := tx.GroupsOf(from)
	if err != nil {
		return nil, err
	}
	var names, values [][]byte
	size := burden(groups.Size)
	err = tx.Entries(from, crdt.StreamID{}, crdt.MaxStreamID, keyspace.Front, func(name []byte, f *crdt.Field) bool {
		groups.Copied(name, f)
		value, _ := f.Register.Shown()
		names, values = append(names, bytes.Clone(name)), append(values, bytes.Clone(value.Value))
		return size.takes(len(name) + len(value.Value))
	})
	if err == nil {
		err = size.err()
	}
	return func(to []byte) error {
		for i, name := range names {
			if err := tx.PutEntry(to, name, values[i]); err != nil {
				return err
			}
		}
		if err := tx.SetStream(to, s); err != nil {
			return err
		}
		return groups.Put(to)
	}, err
}

// burden is the size of elements that go into one update.
type burden int

// takes adds an element of n bytes, and tells whether there is room for more.
func (b *burden) takes(n int) bool {
	*b += burden(n + elementBytes)
	return *b <= duplicateBytes
}

func (b burden) err() error {
	if b > duplicateBytes {
		return &keyspace.TooLargeError{What: "copy in bytes", Size: int(b), Limit: duplicateBytes}
	}
	return nil
}

func duplicateSketch(tx *keyspace.Tx, from []byte) (func([]byte) error, error) {
	var s keyspace.Sketch
	err := tx.JoinSketch(from, &s)
	return func(to []byte) error {
		_, err := tx.RaiseSketch(to, &s)
		return err
	}, err
}
