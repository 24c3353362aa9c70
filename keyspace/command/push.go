package command

import (
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace"
)

// Push adds values to an end of a list, one after the other, so that the last one stands
// outermost. What other regions push concurrently to the same end stands beside it, never
// between. Reply: Int, how many elements the list has then; 0 if it was to exist and does
// not. https://redis.io/commands/rpush
type Push struct {
	Key    []byte
	Values [][]byte
	To     keyspace.End
	// Existing does nothing where there is no list.
	Existing bool
}

// Name implements keyspace.Command.
func (c Push) Name() string {
	name := "RPUSH"
	if c.To == keyspace.Front {
		name = "LPUSH"
	}
	if c.Existing {
		name += "X"
	}
	return name
}

// Keys implements keyspace.Command.
func (c Push) Keys() [][]byte { return [][]byte{c.Key} }

// Writes implements keyspace.Command.
func (Push) Writes() bool { return true }

// Run implements keyspace.Command.
func (c Push) Run(tx *keyspace.Tx) (r keyspace.Reply, err error) {
	if _, found, err := tx.Expect(c.Key, crdt.TypeList); err != nil || !found && c.Existing {
		return r, err
	}
	if err := tx.Push(c.Key, c.To, c.Values); err != nil {
		return r, err
	}
	tx.Notify(keyspace.ClassList, pushed(c.To), c.Key)
	r.Int, err = tx.Count(c.Key, crdt.TypeList)
	return r, err
}

// pushed and popped name the events of the ends of lists.
func pushed(to keyspace.End) string {
	if to == keyspace.Front {
		return "lpush"
	}
	return "rpush"
}

func popped(from keyspace.End) string {
	if from == keyspace.Front {
		return "lpop"
	}
	return "rpop"
}
