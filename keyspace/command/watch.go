package command

import "github.com/atollkv/atoll/keyspace"

// Watch makes As watch keys, as [keyspace.Tx.Watch] says. It must run in the commit loop. There is no
// reply. https://redis.io/commands/watch
type Watch struct {
	List [][]byte
	As   *keyspace.Watch
}

// Name implements keyspace.Command.
func (Watch) Name() string { return "WATCH" }

// Keys implements keyspace.Command.
func (c Watch) Keys() [][]byte { return c.List }

// Writes implements keyspace.Command.
func (Watch) Writes() bool { return false }

// Run implements keyspace.Command.
func (c Watch) Run(tx *keyspace.Tx) (keyspace.Reply, error) {
	return keyspace.Reply{}, tx.Watch(c.As, c.List)
}
