package command

import "github.com/atollkv/atoll/keyspace"

// Namespaces lists the namespaces that have keys, and how many, the default one first. It works in reads only. The first one
// counts all keys, a later one those of the slots that changed since. Reply: Spaces.
type Namespaces struct{}

// Name implements keyspace.Command.
func (Namespaces) Name() string { return "NAMESPACES" }

// Keys implements keyspace.Command.
func (Namespaces) Keys() [][]byte { return nil }

// Writes implements keyspace.Command.
func (Namespaces) Writes() bool { return false }

// Run implements keyspace.Command.
func (Namespaces) Run(tx *keyspace.Tx) (r keyspace.Reply, err error) {
	r.Spaces, err = tx.Spaces()
	return r, err
}
