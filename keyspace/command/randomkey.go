package command

import (
	"math/rand/v2"

	"github.com/atollkv/atoll/keyspace"
)

// sampleKeys is among how many keys, that follow each other in the store, one is picked.
const sampleKeys = 256

// RandomKey picks a key. The same Seed picks the same place. It works alone, not beside writes.
// Reply: Found, Value. https://redis.io/commands/randomkey
type RandomKey struct{ Seed uint64 }

// Name implements keyspace.Command.
func (RandomKey) Name() string { return "RANDOMKEY" }

// Keys implements keyspace.Command.
func (RandomKey) Keys() [][]byte { return nil }

// Writes implements keyspace.Command.
func (RandomKey) Writes() bool { return false }

// Run implements keyspace.Command.
func (c RandomKey) Run(tx *keyspace.Tx) (r keyspace.Reply, err error) {
	dice := rand.New(rand.NewPCG(c.Seed, 0))
	list, err := tx.Sample(uint16(dice.IntN(keyspace.Slots)), sampleKeys)
	if err != nil || len(list) == 0 {
		return r, err
	}
	return keyspace.Reply{Found: true, Value: list[dice.IntN(len(list))]}, nil
}
