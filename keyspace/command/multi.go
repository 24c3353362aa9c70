package command

import (
	"errors"
	"slices"

	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace"
)

// Multi runs commands as Redis runs a transaction: a command that is refused for what its key holds
// does nothing, and the others go on. Any other error undoes all. Reply: Replies, one a command,
// with Err where it was refused.
//
// A command in it must find out whether it is refused before it writes.
//
// With If nothing is done where a key of it has changed, and the error is ErrChanged; such a Multi must run
// in the commit loop.
type Multi struct {
	Commands []keyspace.Command
	If       *keyspace.Watch
}

// ErrChanged: a watched key has changed, and nothing was done.
var ErrChanged = errors.New("a watched key has changed")

// Name implements keyspace.Command.
func (Multi) Name() string { return "MULTI" }

// Keys implements keyspace.Command.
func (c Multi) Keys() (keys [][]byte) {
	for _, cmd := range c.Commands {
		keys = append(keys, cmd.Keys()...)
	}
	return keys
}

// Writes implements keyspace.Command.
func (c Multi) Writes() bool {
	for _, cmd := range c.Commands {
		if cmd.Writes() {
			return true
		}
	}
	return false
}

// Run implements keyspace.Command.
func (c Multi) Run(tx *keyspace.Tx) (r keyspace.Reply, err error) {
	if c.If != nil {
		if holds, err := tx.Holds(c.If); err != nil {
			return r, err
		} else if !holds {
			return r, ErrChanged
		}
	}
	r.Replies = make([]keyspace.Reply, len(c.Commands))
	size := 0
	for i, cmd := range c.Commands {
		reply, err := cmd.Run(tx)
		tx.NotifyMisses(cmd)
		if refused(err) {
			reply = keyspace.Reply{Err: err}
		} else if err != nil {
			return keyspace.Reply{}, err
		}
		if size += replySize(&reply); size > replyBytes {
			return keyspace.Reply{}, &keyspace.TooLargeError{What: "reply bytes", Size: size, Limit: replyBytes}
		}
		r.Replies[i] = reply
	}
	return r, nil
}

// refused tells an error about what a key holds from one about the node or the transaction.
func refused(err error) bool {
	var large *keyspace.TooLargeError
	var late lateError
	var life *LifetimeError
	var own *RefusedError
	return errors.As(err, &large) || errors.As(err, &late) || errors.As(err, &life) || errors.As(err, &own) || slices.ContainsFunc(refusals, func(x error) bool { return errors.Is(err, x) })
}

var refusals = []error{
	keyspace.ErrWrongType, keyspace.ErrNotInteger, keyspace.ErrOverflow, ErrNoKey,
	ErrNotFloat, ErrFieldNotFloat, ErrInfinite, ErrNotScore,
	ErrIndex, crdt.ErrTooDeep, ErrNoPlace,
	ErrLowID, ErrNoIDLeft, ErrIDTop, ErrFewAdded, ErrGroupExists,
}

// lateError is why arguments are refused, where that is told only after a look at the keys.
type lateError struct{ error }

// Unwrap gives the reason.
func (e lateError) Unwrap() error { return e.error }

// late makes one of a reason; nil stays nil.
func late(err error) error {
	if err == nil {
		return nil
	}
	return lateError{err}
}

func replySize(r *keyspace.Reply) int {
	n := len(r.Value)
	for _, item := range r.List {
		n += len(item)
	}
	for _, s := range r.Siblings {
		n += len(s.Value)
	}
	for _, e := range r.Entries {
		for _, f := range e.Fields {
			n += len(f)
		}
	}
	for i := range r.Replies {
		n += replySize(&r.Replies[i])
	}
	return n
}
