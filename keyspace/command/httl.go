package command

import (
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace"
)

// HTTL reads when fields of a hash end. Reply: Ints, one a field: milliseconds from now, or with Absolute Unix
// milliseconds; NoFieldEnd or NoField. https://redis.io/commands/httl
type HTTL struct {
	Key      []byte
	Fields   [][]byte
	Absolute bool
}

// Name implements keyspace.Command.
func (HTTL) Name() string { return "HTTL" }

// Keys implements keyspace.Command.
func (c HTTL) Keys() [][]byte { return [][]byte{c.Key} }

// Writes implements keyspace.Command.
func (HTTL) Writes() bool { return false }

// Run implements keyspace.Command.
func (c HTTL) Run(tx *keyspace.Tx) (r keyspace.Reply, err error) {
	if _, _, err := tx.Expect(c.Key, crdt.TypeHash); err != nil {
		return r, err
	}
	for _, name := range c.Fields {
		found, at, err := tx.FieldUntil(c.Key, name)
		switch {
		case err != nil:
			return r, err
		case !found:
			at = NoField
		case at == crdt.Never:
			at = NoFieldEnd
		case !c.Absolute:
			at = max(at-tx.Now(), 0)
		}
		r.Ints = append(r.Ints, at)
	}
	return r, nil
}
