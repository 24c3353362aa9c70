package command

import (
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace"
)

// Once carries out an increment that has an id, 1 to 64 bytes, unless it was carried out before: by this node, or by
// another one whose update is here. Then it changes nothing, and replies what was replied then if this node knows that,
// else the present value. Retry says that the client has sent it before, perhaps elsewhere. Reply and errors are those of
// the increment; ErrUntold where nobody can tell here whether it was done, ErrIDUsed where another amount was added under
// the id.
type Once struct {
	ID    []byte
	Retry bool
	// Do is Incr, IncrFloat, HIncr, HIncrFloat or ZIncr.
	Do Counting
}

// Counting is an increment of one counter.
type Counting interface {
	keyspace.Command
	// counter returns the key and, in a collection, the element that it is of, and what is added.
	counter() crdt.Counted
	// text tells that Reply.Value is the reply, not Int or Score.
	text() bool
	// present returns the reply that shows the present value.
	present(tx *keyspace.Tx) (keyspace.Reply, error)
}

// Name implements keyspace.Command.
func (c Once) Name() string { return c.Do.Name() }

// Keys implements keyspace.Command.
func (c Once) Keys() [][]byte { return c.Do.Keys() }

// Writes implements keyspace.Command.
func (Once) Writes() bool { return true }

// Run implements keyspace.Command.
func (c Once) Run(tx *keyspace.Tx) (keyspace.Reply, error) {
	reply, told, done, err := tx.Operation(c.Do.counter(), &crdt.Once{ID: c.ID, Retry: c.Retry})
	switch {
	case err != nil:
		return reply, err
	case told && c.Do.text() == (len(reply.Value) > 0): // else it was sent as another command then
		return reply, nil
	case done:
		return c.Do.present(tx)
	default:
		return c.Do.Run(tx)
	}
}

func (c Incr) counter() crdt.Counted {
	return crdt.Counted{Key: c.Key, Type: crdt.TypeString, Delta: crdt.TotalOf(c.Delta)}
}

func (c IncrFloat) counter() crdt.Counted {
	return crdt.Counted{Key: c.Key, Type: crdt.TypeString, Delta: c.Delta}
}

func (c HIncr) counter() crdt.Counted {
	return crdt.Counted{Key: c.Key, Type: crdt.TypeHash, Name: c.Field, Delta: crdt.TotalOf(c.Delta)}
}

func (c HIncrFloat) counter() crdt.Counted {
	return crdt.Counted{Key: c.Key, Type: crdt.TypeHash, Name: c.Field, Delta: c.Delta}
}

func (c ZIncr) counter() crdt.Counted {
	return crdt.Counted{Key: c.Key, Type: crdt.TypeZSet, Name: c.Member, Delta: crdt.TotalOfFloat(c.Delta)}
}

func (Incr) text() bool       { return false }
func (IncrFloat) text() bool  { return true }
func (HIncr) text() bool      { return false }
func (HIncrFloat) text() bool { return true }
func (ZIncr) text() bool      { return false }

func (c Incr) present(tx *keyspace.Tx) (r keyspace.Reply, err error) {
	h, found, err := tx.Expect(c.Key, crdt.TypeString)
	if err != nil || !found {
		return r, err
	}
	n, isInt := h.Integer()
	if !isInt {
		return r, keyspace.ErrNotInteger
	}
	r.Int, _ = n.Int64()
	return r, nil
}

func (c IncrFloat) present(tx *keyspace.Tx) (r keyspace.Reply, err error) {
	h, _, err := tx.Expect(c.Key, crdt.TypeString)
	if err != nil {
		return r, err
	}
	return presentFloat(&crdt.Field{Register: h.Register, Counter: h.Counter})
}

func presentFloat(f *crdt.Field) (r keyspace.Reply, err error) {
	_, r.Value, err = addFloat(f, crdt.Total{})
	r.Found = err == nil
	return r, err
}

func (c HIncr) present(tx *keyspace.Tx) (r keyspace.Reply, err error) {
	if _, _, err := tx.Expect(c.Key, crdt.TypeHash); err != nil {
		return r, err
	}
	f, err := tx.Field(c.Key, c.Field)
	if err != nil {
		return r, err
	}
	n, isInt := f.Integer()
	if !isInt {
		return r, ErrFieldNotInteger
	}
	r.Int, _ = n.Int64()
	return r, nil
}

func (c HIncrFloat) present(tx *keyspace.Tx) (r keyspace.Reply, err error) {
	if _, _, err := tx.Expect(c.Key, crdt.TypeHash); err != nil {
		return r, err
	}
	f, err := tx.Field(c.Key, c.Field)
	if err != nil {
		return r, err
	}
	return presentFloat(&f)
}

func (c ZIncr) present(tx *keyspace.Tx) (r keyspace.Reply, err error) {
	if _, _, err := tx.Expect(c.Key, crdt.TypeZSet); err != nil {
		return r, err
	}
	f, err := tx.Member(c.Key, c.Member)
	r.Score, _ = f.Score()
	r.Found = err == nil
	return r, err
}
