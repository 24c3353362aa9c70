package command

import (
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace"
)

// What TTL replies where there is no time.
const (
	NoKey      = -2
	NoDeadline = -1
)

// TTL reads when a key ends. Reply: Found, and Int, milliseconds from now, or with Absolute Unix
// milliseconds; NoDeadline if it does not end, NoKey if it does not exist.
// https://redis.io/commands/ttl
type TTL struct {
	Key      []byte
	Absolute bool
}

// Name implements keyspace.Command.
func (TTL) Name() string { return "TTL" }

// Keys implements keyspace.Command.
func (c TTL) Keys() [][]byte { return [][]byte{c.Key} }

// Writes implements keyspace.Command.
func (TTL) Writes() bool { return false }

// Run implements keyspace.Command.
func (c TTL) Run(tx *keyspace.Tx) (r keyspace.Reply, err error) {
	t, at, err := tx.Until(c.Key)
	switch {
	case err != nil:
		return r, err
	case t == crdt.TypeNone:
		return keyspace.Reply{Int: NoKey}, nil
	case at == crdt.Never:
		return keyspace.Reply{Found: true, Int: NoDeadline}, nil
	case c.Absolute:
		return keyspace.Reply{Found: true, Int: at}, nil
	default:
		return keyspace.Reply{Found: true, Int: max(at-tx.Now(), 0)}, nil
	}
}
