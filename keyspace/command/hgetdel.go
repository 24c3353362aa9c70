package command

import (
	"github.com/atollkv/atoll/keyspace"
)

// HGetDel reads fields of a hash and deletes them: of each what this node has seen. Reply: List, a value a name as HMGet has
// them. https://redis.io/commands/hgetdel
type HGetDel struct {
	Key    []byte
	Fields [][]byte
}

// Name implements keyspace.Command.
func (HGetDel) Name() string { return "HGETDEL" }

// Keys implements keyspace.Command.
func (c HGetDel) Keys() [][]byte { return [][]byte{c.Key} }

// Writes implements keyspace.Command.
func (HGetDel) Writes() bool { return true }

// Run implements keyspace.Command.
func (c HGetDel) Run(tx *keyspace.Tx) (r keyspace.Reply, err error) {
	if r, err = HMGet(c).Run(tx); err != nil {
		return r, err
	}
	deleted := map[string]bool{}
	for i, name := range c.Fields {
		switch {
		case r.List[i] == nil:
		case deleted[string(name)]:
			r.List[i] = nil // it was named before
		default:
			deleted[string(name)] = true
			if err := tx.DeleteField(c.Key, name); err != nil {
				return r, err
			}
		}
	}
	notedIf(len(deleted) > 0, tx, keyspace.ClassHash, "hdel", c.Key)
	return r, nil
}
