package command

import (
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace"
)

// SMIsMember tells which of Members are in a set. Reply: List, in their order; nil stands for one
// that is not.
type SMIsMember struct {
	Key     []byte
	Members [][]byte
}

// Name implements keyspace.Command.
func (SMIsMember) Name() string { return "SMISMEMBER" }

// Keys implements keyspace.Command.
func (c SMIsMember) Keys() [][]byte { return [][]byte{c.Key} }

// Writes implements keyspace.Command.
func (SMIsMember) Writes() bool { return false }

// Run implements keyspace.Command.
func (c SMIsMember) Run(tx *keyspace.Tx) (r keyspace.Reply, err error) {
	_, found, err := tx.Expect(c.Key, crdt.TypeSet)
	if err != nil {
		return r, err
	}
	r.List = make([][]byte, len(c.Members))
	for i, m := range c.Members {
		if !found {
			break
		}
		there, err := tx.HasMember(c.Key, m)
		if err != nil {
			return keyspace.Reply{}, err
		}
		if there {
			r.List[i] = append([]byte{}, m...) // the empty member is not nil
		}
	}
	return r, nil
}
