package command

import (
	"maps"
	"slices"

	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace"
)

// combineMax bounds how many members one command on several sets reads.
const combineMax = 1 << 20

// Combination is how sets are combined.
type Combination int

// The combinations.
const (
	Intersection Combination = iota
	Union
	Difference // of the first less the others
)

var combinationNames = [...]string{"SINTER", "SUNION", "SDIFF"}

// SCombine combines sets. Reply: List, in byte order. Errors: ErrWrongType; keyspace.TooLargeError where
// it would read more than 1,048,576 members, or a result does not fit into 8 MiB.
// https://redis.io/commands/sinter
type SCombine struct {
	As   Combination
	List [][]byte
}

// Name implements keyspace.Command.
func (c SCombine) Name() string { return combinationNames[c.As] }

// Keys implements keyspace.Command.
func (c SCombine) Keys() [][]byte { return c.List }

// Writes implements keyspace.Command.
func (SCombine) Writes() bool { return false }

// Run implements keyspace.Command.
func (c SCombine) Run(tx *keyspace.Tx) (keyspace.Reply, error) {
	list, err := combine(tx, c.As, c.List)
	return keyspace.Reply{List: list}, err
}

// combine returns what sets have in common, together, or the first alone.
func combine(tx *keyspace.Tx, as Combination, keys [][]byte) ([][]byte, error) {
	smallest, err := smallestSet(tx, keys)
	if err != nil {
		return nil, err
	}
	g := gathering{tx: tx}
	switch as {
	case Union:
		return g.union(keys)
	case Difference:
		return g.filter(keys[0], keys[1:], false)
	default:
		rest := slices.Delete(slices.Clone(keys), smallest, smallest+1)
		return g.filter(keys[smallest], rest, true)
	}
}

// smallestSet returns which set has the fewest members; all keys must show sets, or nothing.
func smallestSet(tx *keyspace.Tx, keys [][]byte) (smallest int, err error) {
	fewest := int64(-1)
	for i, key := range keys {
		if _, _, err := tx.Expect(key, crdt.TypeSet); err != nil {
			return 0, err
		}
		n, err := tx.Count(key, crdt.TypeSet)
		if err != nil {
			return 0, err
		}
		if fewest < 0 || n < fewest {
			smallest, fewest = i, n
		}
	}
	return smallest, nil
}

// gathering collects members within bounds.
type gathering struct {
	tx         *keyspace.Tx
	read, size int
	err        error
}

// each visits the members of a set until fn returns false.
func (g *gathering) each(key []byte, fn func(m []byte) bool) error {
	err := g.tx.Members(key, nil, func(m []byte) bool {
		if g.read++; g.read > combineMax {
			g.err = &keyspace.TooLargeError{What: "members to read", Size: g.read, Limit: combineMax}
			return false
		}
		return fn(m)
	})
	if err != nil {
		return err
	}
	return g.err
}

// fits counts a member of the result.
func (g *gathering) fits(m []byte) bool {
	if g.size += len(m); g.size > pageBytes {
		g.err = &keyspace.TooLargeError{What: "resulting set in bytes", Size: g.size, Limit: pageBytes}
	}
	return g.err == nil
}

func (g *gathering) union(keys [][]byte) ([][]byte, error) {
	all := map[string]bool{}
	for _, key := range keys {
		err := g.each(key, func(m []byte) bool {
			if all[string(m)] {
				return true
			}
			all[string(m)] = true
			return g.fits(m)
		})
		if err != nil {
			return nil, err
		}
	}
	list := make([][]byte, 0, len(all))
	for _, m := range slices.Sorted(maps.Keys(all)) {
		list = append(list, []byte(m))
	}
	return list, nil
}

// filter returns the members of a set that all of the others have, or none of them.
func (g *gathering) filter(key []byte, others [][]byte, have bool) (list [][]byte, err error) {
	err = g.each(key, func(m []byte) bool {
		for _, other := range others {
			var there bool
			if there, g.err = g.tx.HasMember(other, m); g.err != nil {
				return false
			}
			if there != have {
				return true
			}
		}
		list = append(list, m)
		return g.fits(m)
	})
	return list, err
}
