package command

import (
	"errors"

	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace"
)

var (
	// ErrNotFloat: the value is not a number.
	ErrNotFloat = errors.New("value is not a valid float")
	// ErrFieldNotFloat is ErrNotFloat of a field.
	ErrFieldNotFloat = errors.New("hash value is not a float")
	// ErrInfinite: the sum is not within 64 bits.
	ErrInfinite = errors.New("increment would produce NaN or Infinity")
)

// IncrFloat adds Delta to the number at Key; nothing counts as 0. What several regions add
// is added up exactly, and rounded when it is read. Reply: Value, the number after it as this
// node sees it. Errors: ErrWrongType, ErrNotFloat, ErrInfinite.
// https://redis.io/commands/incrbyfloat
type IncrFloat struct {
	Key   []byte
	Delta crdt.Total
	// Refuse is why it is refused if the key holds a number: Redis looks at that first.
	Refuse error
}

// Name implements keyspace.Command.
func (IncrFloat) Name() string { return "INCRBYFLOAT" }

// Keys implements keyspace.Command.
func (c IncrFloat) Keys() [][]byte { return [][]byte{c.Key} }

// Writes implements keyspace.Command.
func (IncrFloat) Writes() bool { return true }

// Run implements keyspace.Command.
func (c IncrFloat) Run(tx *keyspace.Tx) (r keyspace.Reply, err error) {
	h, found, err := tx.Expect(c.Key, crdt.TypeString)
	if err != nil {
		return r, err
	}
	var f crdt.Field
	if found {
		f = crdt.Field{Register: h.Register, Counter: h.Counter}
	}
	rewrite, value, err := addFloat(&f, c.Delta)
	if c.Refuse != nil && !errors.Is(err, ErrNotFloat) {
		err = late(c.Refuse)
	}
	if err != nil {
		return r, err
	}
	if rewrite != nil {
		if err := tx.Rewrite(c.Key, rewrite); err != nil {
			return r, err
		}
	}
	r.Value, r.Found = value, true
	return r, noted(tx, tx.Increment(c.Key, c.Delta), keyspace.ClassString, "incrbyfloat", c.Key)
}

// addFloat returns what a value becomes. A number in a form that increments are not added
// to is to be rewritten first.
func addFloat(f *crdt.Field, delta crdt.Total) (rewrite, value []byte, err error) {
	n, ok := f.Number()
	if !ok {
		shown, _ := f.Value()
		var infinite bool
		if n, infinite, ok = crdt.ParseNumber(shown); !ok {
			return nil, nil, ErrNotFloat
		}
		if infinite {
			return nil, nil, ErrInfinite
		}
		rewrite = crdt.FormatNumber(n)
	}
	sum := n.Add(delta)
	if !sum.Fits() {
		return nil, nil, ErrInfinite
	}
	return rewrite, crdt.FormatNumber(sum), nil
}
