package command

import (
	"strings"

	"github.com/atollkv/atoll/keyspace"
)

// SCombineStore puts a combination of sets in the place of whatever Into holds, as one update; an empty
// one deletes Into. It is made of what this node sees, and replaces what this node sees: what other
// regions concurrently add to Into survives, and what they do to the sets of List changes nothing any
// more. Reply: Int, how many members it has. The errors are those of SCombine.
// https://redis.io/commands/sinterstore
type SCombineStore struct {
	As   Combination
	Into []byte
	List [][]byte
}

// Name implements keyspace.Command.
func (c SCombineStore) Name() string { return combinationNames[c.As] + "STORE" }

// Keys implements keyspace.Command.
func (c SCombineStore) Keys() [][]byte { return append([][]byte{c.Into}, c.List...) }

// Writes implements keyspace.Command.
func (SCombineStore) Writes() bool { return true }

// Run implements keyspace.Command.
func (c SCombineStore) Run(tx *keyspace.Tx) (r keyspace.Reply, err error) {
	list, err := combine(tx, c.As, c.List)
	if err != nil {
		return r, err
	}
	if err := vacate(tx, c.Into); err != nil {
		return r, err
	}
	for _, m := range list {
		if err := tx.Add(c.Into, m); err != nil {
			return r, err
		}
	}
	notedStore(len(list), tx, keyspace.ClassSet, strings.ToLower(c.Name()), c.Into)
	r.Int = int64(len(list))
	return r, nil
}
