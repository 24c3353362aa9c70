package command

import (
	"errors"

	"github.com/atollkv/atoll/keyspace"
)

// XGroupDestroy deletes a group, as far as this node has seen it. Reply: Int, 1 if there was one.
// https://redis.io/commands/xgroup-destroy
type XGroupDestroy struct{ GroupOf }

// errNone says that there is no group, where that is no error.
var errNone = errors.New("no group")

// Name implements keyspace.Command.
func (XGroupDestroy) Name() string { return "XGROUP|DESTROY" }

// Keys implements keyspace.Command.
func (c XGroupDestroy) Keys() [][]byte { return [][]byte{c.Key} }

// Writes implements keyspace.Command.
func (XGroupDestroy) Writes() bool { return true }

// Run implements keyspace.Command.
func (c XGroupDestroy) Run(tx *keyspace.Tx) (r keyspace.Reply, err error) {
	c.NoGroup = errNone
	g, err := c.find(tx)
	switch {
	case errors.Is(err, errNone):
		return r, nil
	case err != nil:
		return r, err
	}
	r.Int = 1
	return r, noted(tx, tx.DestroyGroup(c.Key, g), keyspace.ClassStream, "xgroup-destroy", c.Key)
}
