package command

import "github.com/atollkv/atoll/keyspace"

// XGroupSetID lets a group go on behind an id, in all regions. https://redis.io/commands/xgroup-setid
type XGroupSetID struct {
	GroupOf
	At GroupStart
}

// Name implements keyspace.Command.
func (XGroupSetID) Name() string { return "XGROUP|SETID" }

// Keys implements keyspace.Command.
func (c XGroupSetID) Keys() [][]byte { return [][]byte{c.Key} }

// Writes implements keyspace.Command.
func (XGroupSetID) Writes() bool { return true }

// Run implements keyspace.Command.
func (c XGroupSetID) Run(tx *keyspace.Tx) (r keyspace.Reply, err error) {
	g, err := c.find(tx)
	if err != nil {
		return r, err
	}
	at, err := c.At.in(tx, c.Key)
	if err != nil {
		return r, err
	}
	return r, noted(tx, tx.MoveGroup(c.Key, g, at), keyspace.ClassStream, "xgroup-setid", c.Key)
}
