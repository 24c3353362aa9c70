package command

import (
	"cmp"
	"slices"

	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace"
)

// Siblings lists the concurrent values of a key, greatest stamp first: the values that
// strings were set to, and one entry for increments, a set or a hash. Reply: Siblings; none
// when the key does not exist.
type Siblings struct{ Key []byte }

// Name implements keyspace.Command.
func (Siblings) Name() string { return "SIBLINGS" }

// Keys implements keyspace.Command.
func (c Siblings) Keys() [][]byte { return [][]byte{c.Key} }

// Writes implements keyspace.Command.
func (Siblings) Writes() bool { return false }

// Run implements keyspace.Command.
func (c Siblings) Run(tx *keyspace.Tx) (r keyspace.Reply, err error) {
	shown, h, err := tx.Type(c.Key)
	if err != nil || shown == crdt.TypeNone {
		return r, err
	}
	add := func(t crdt.Type, tag crdt.Tag, value []byte, isShown bool) error {
		who, err := tx.Declared(tag.Dot.Origin)
		r.Siblings = append(r.Siblings, keyspace.Sibling{
			Type: t.String(), Value: value, Stamp: tag.Stamp(), Dot: tag.Dot,
			Region: who.Region, Node: who.Node, Shown: isShown,
		})
		return err
	}
	for i, s := range h.Register.Siblings {
		if err := add(crdt.TypeString, s.Tag, s.Value, i == 0 && shown == crdt.TypeString); err != nil {
			return r, err
		}
	}
	if tag, counts := h.Counter.Newest(); counts && len(h.Register.Siblings) == 0 {
		value, _ := h.Value()
		if err := add(crdt.TypeString, tag, value, shown == crdt.TypeString); err != nil {
			return r, err
		}
	}
	for _, t := range crdt.Collections {
		if tag, claimed := h.Claimed(t); claimed && t != crdt.TypeGroups {
			if err := add(t, tag, nil, shown == t); err != nil {
				return r, err
			}
		}
	}
	slices.SortStableFunc(r.Siblings, func(a, b keyspace.Sibling) int {
		if a.Shown != b.Shown {
			return cmp.Compare(b2i(b.Shown), b2i(a.Shown))
		}
		return b.Stamp.Compare(a.Stamp)
	})
	return r, nil
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}
