package command

import (
	"fmt"
	"math"

	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace"
)

// Lifetime says when what a command writes ends. The zero value: it does not end.
type Lifetime struct {
	As LifetimeKind
	// Millis is a time in Unix milliseconds, or milliseconds from now, as As says.
	Millis int64
	// Of names the command in errors; empty names none.
	Of string
	// Fault is what is wrong with a time that was given; it is told where the time is needed.
	Fault *LifetimeError
}

// LifetimeKind is how a Lifetime is meant.
type LifetimeKind byte

const (
	// Endless: without end.
	Endless LifetimeKind = iota
	// EndsAt: at a time. One that has come deletes the key.
	EndsAt
	// EndsIn: after a time.
	EndsIn
	// EndsAsBefore: when what was there would have ended.
	EndsAsBefore
)

// LifetimeError reports a time that is none, or lies beyond all numbers.
type LifetimeError struct {
	Of         string
	NotInteger bool
	Negative   bool
}

// Error returns the text that Redis has for it.
func (e *LifetimeError) Error() string {
	switch {
	case e.NotInteger:
		return "value is not an integer or out of range"
	case e.Negative:
		return "invalid expire time, must be >= 0"
	case e.Of == "":
		return "invalid expire time"
	default:
		return fmt.Sprintf("invalid expire time in '%s' command", e.Of)
	}
}

// end returns when the key is to end, in Unix milliseconds, or crdt.Never.
func (l Lifetime) end(tx *keyspace.Tx, key []byte) (at int64, err error) {
	if l.Fault != nil {
		return 0, l.Fault
	}
	switch l.As {
	case EndsAt:
		return max(l.Millis, 1), nil // what was before the epoch is past as well
	case EndsIn:
		if l.Millis > math.MaxInt64-tx.Now() {
			return 0, &LifetimeError{Of: l.Of}
		}
		return max(l.Millis+tx.Now(), 1), nil
	case EndsAsBefore:
		_, at, err = tx.Until(key)
		return at, err
	default:
		return crdt.Never, nil
	}
}

// assign writes a string that ends as l says, in place of whatever the key held.
func (l Lifetime) assign(tx *keyspace.Tx, key, value []byte) error {
	at, err := l.end(tx, key)
	if err != nil {
		return err
	}
	if err := noted(tx, tx.Assign(key, value), keyspace.ClassString, "set", key); err != nil || at == crdt.Never {
		return err
	}
	if l.As == EndsAsBefore {
		return tx.Expire(key, at)
	}
	return noted(tx, tx.Expire(key, at), keyspace.ClassGeneric, "expire", key)
}
