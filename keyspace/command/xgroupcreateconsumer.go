package command

import "github.com/atollkv/atoll/keyspace"

// XGroupCreateConsumer makes a consumer of a group, in this region. Reply: Int, 1 if there was none.
// https://redis.io/commands/xgroup-createconsumer
type XGroupCreateConsumer struct {
	GroupOf
	Consumer []byte
}

// Name implements keyspace.Command.
func (XGroupCreateConsumer) Name() string { return "XGROUP|CREATECONSUMER" }

// Keys implements keyspace.Command.
func (c XGroupCreateConsumer) Keys() [][]byte { return [][]byte{c.Key} }

// Writes implements keyspace.Command.
func (XGroupCreateConsumer) Writes() bool { return true }

// Run implements keyspace.Command.
func (c XGroupCreateConsumer) Run(tx *keyspace.Tx) (r keyspace.Reply, err error) {
	if _, err := c.find(tx); err != nil {
		return r, err
	}
	if had, err := tx.HasConsumer(c.Key, c.Group, c.Consumer); err != nil || had {
		return r, err
	}
	r.Int = 1
	return r, c.meet(tx, c.Consumer)
}
