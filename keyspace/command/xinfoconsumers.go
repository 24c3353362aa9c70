package command

import "github.com/atollkv/atoll/keyspace"

// XInfoConsumers tells about the consumers of a group in this region. Reply: Consumers, and Int, the time in Unix
// milliseconds. https://redis.io/commands/xinfo-consumers
type XInfoConsumers struct{ GroupOf }

// Name implements keyspace.Command.
func (XInfoConsumers) Name() string { return "XINFO|CONSUMERS" }

// Keys implements keyspace.Command.
func (c XInfoConsumers) Keys() [][]byte { return [][]byte{c.Key} }

// Writes implements keyspace.Command.
func (XInfoConsumers) Writes() bool { return false }

// Run implements keyspace.Command.
func (c XInfoConsumers) Run(tx *keyspace.Tx) (r keyspace.Reply, err error) {
	g, err := c.find(tx)
	if err != nil {
		return r, err
	}
	info, err := groupInfo(tx, c.Key, g, -1, new(int))
	return keyspace.Reply{Consumers: info.Consumers, Int: tx.Now()}, err
}
