package command

import "github.com/atollkv/atoll/keyspace"

// Await is Once; where that finds nothing, Wait begins, in the same turn of the commit loop, so that nothing
// comes between. It must run in the commit loop. Reply: that of Once; Found is false where Wait has begun.
type Await struct {
	Once keyspace.Command
	Wait *keyspace.Wait
}

// Name implements keyspace.Command.
func (Await) Name() string { return "AWAIT" }

// Keys implements keyspace.Command.
func (c Await) Keys() [][]byte { return c.Once.Keys() }

// Writes implements keyspace.Command.
func (c Await) Writes() bool { return c.Once.Writes() }

// Run implements keyspace.Command.
func (c Await) Run(tx *keyspace.Tx) (keyspace.Reply, error) {
	r, err := c.Once.Run(tx)
	if err != nil || r.Found {
		return r, err
	}
	return r, tx.Await(c.Wait)
}
