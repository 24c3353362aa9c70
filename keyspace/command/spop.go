package command

import (
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace"
)

// spopWalk is how many members SPop walks to pick one, beside those that it takes.
const spopWalk = 4096

// SPop picks members of a set at random, Count different ones, all if there are no more, and removes them,
// as SRem does: two regions may pick the same one. To pick it walks the first 4,096 members and Count more;
// in a larger set it takes those of Picked that are still there first, which somebody picked beside
// the commit loop. Reply: List, in byte order or that of Picked. https://redis.io/commands/spop
type SPop struct {
	Key    []byte
	Count  int64
	Seed   uint64
	Picked [][]byte
}

// Name implements keyspace.Command.
func (SPop) Name() string { return "SPOP" }

// Keys implements keyspace.Command.
func (c SPop) Keys() [][]byte { return [][]byte{c.Key} }

// Writes implements keyspace.Command.
func (SPop) Writes() bool { return true }

// Run implements keyspace.Command.
func (c SPop) Run(tx *keyspace.Tx) (r keyspace.Reply, err error) {
	if _, found, err := tx.Expect(c.Key, crdt.TypeSet); err != nil || !found {
		return r, err
	}
	n, err := tx.Count(c.Key, crdt.TypeSet)
	if err != nil {
		return r, err
	}
	want := min(c.Count, n)
	if want > combineMax {
		return r, &keyspace.TooLargeError{What: "members", Size: int(want), Limit: combineMax}
	}
	var taken taking
	if n > want+spopWalk {
		if err := taken.among(tx, c.Key, c.Picked, want); err != nil {
			return r, err
		}
	}
	if err := taken.walk(tx, c.Key, want, min(n, want+spopWalk), c.Seed); err != nil {
		return r, err
	}
	for _, m := range taken.list {
		if err := tx.Remove(c.Key, m); err != nil {
			return keyspace.Reply{}, err
		}
	}
	notedIf(len(taken.list) > 0, tx, keyspace.ClassSet, "spop", c.Key)
	return keyspace.Reply{List: taken.list}, nil
}

// taking is the members that are to be taken.
type taking struct {
	list [][]byte
	has  map[string]bool
	size int
}

func (t *taking) add(m []byte) error {
	if t.has == nil {
		t.has = map[string]bool{}
	}
	t.has[string(m)] = true
	t.list = append(t.list, m)
	if t.size += len(m); t.size > pageBytes {
		return &keyspace.TooLargeError{What: "members in bytes", Size: t.size, Limit: pageBytes}
	}
	return nil
}

// among takes those that are still in the set.
func (t *taking) among(tx *keyspace.Tx, key []byte, picked [][]byte, want int64) error {
	for _, m := range picked {
		if int64(len(t.list)) == want {
			return nil
		}
		there, err := tx.HasMember(key, m)
		if err != nil {
			return err
		}
		if there && !t.has[string(m)] {
			if err := t.add(m); err != nil {
				return err
			}
		}
	}
	return nil
}

// walk picks what is missing among the first members of the set.
func (t *taking) walk(tx *keyspace.Tx, key []byte, want, among int64, seed uint64) (err error) {
	missing := want - int64(len(t.list))
	if missing == 0 {
		return nil
	}
	chosen := picks(missing, among-int64(len(t.list)), seed)
	place := int64(0)
	walked := tx.Members(key, nil, func(m []byte) bool {
		if t.has[string(m)] {
			return true
		}
		if chosen[0].place == place {
			chosen = chosen[1:]
			err = t.add(m)
		}
		place++
		return err == nil && len(chosen) > 0
	})
	if walked != nil {
		return walked
	}
	return err
}
