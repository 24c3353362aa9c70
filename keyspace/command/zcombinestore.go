package command

import (
	"strings"

	"github.com/atollkv/atoll/keyspace"
)

// ZCombineStore puts a combination of sorted sets in the place of whatever Into holds, as
// one update; an empty one deletes Into. It is made of what this node sees, and replaces
// what this node sees. Reply: Int, how many members it has. The errors are those of
// ZCombine. https://redis.io/commands/zunionstore
type ZCombineStore struct {
	Into []byte
	ZCombine
}

// Name implements keyspace.Command.
func (c ZCombineStore) Name() string { return c.ZCombine.Name() + "STORE" }

// Keys implements keyspace.Command.
func (c ZCombineStore) Keys() [][]byte { return append([][]byte{c.Into}, c.List...) }

// Writes implements keyspace.Command.
func (ZCombineStore) Writes() bool { return true }

// Run implements keyspace.Command.
func (c ZCombineStore) Run(tx *keyspace.Tx) (keyspace.Reply, error) {
	list, err := c.combine(tx)
	if err != nil {
		return keyspace.Reply{}, err
	}
	return storeScored(tx, c.Into, list, strings.ToLower(c.Name()))
}
