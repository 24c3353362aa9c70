package command

import (
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace"
)

// XGroupReplay does again what an update did to the groups of a stream: a group that was made is made, one that was
// destroyed is destroyed, and what was acknowledged is. What was delivered is not: it is delivered again.
// Reply: Int, 1 if that changed anything.
type XGroupReplay struct {
	Key    []byte
	Groups []crdt.FieldChange
}

// Name implements keyspace.Command.
func (XGroupReplay) Name() string { return "XGROUPREPLAY" }

// Keys implements keyspace.Command.
func (c XGroupReplay) Keys() [][]byte { return [][]byte{c.Key} }

// Writes implements keyspace.Command.
func (XGroupReplay) Writes() bool { return true }

// Run implements keyspace.Command.
func (c XGroupReplay) Run(tx *keyspace.Tx) (r keyspace.Reply, err error) {
	if _, _, err := tx.Expect(c.Key, crdt.TypeStream); err != nil {
		return r, err
	}
	for i := range c.Groups {
		changed, err := c.again(tx, &c.Groups[i])
		if err != nil {
			return keyspace.Reply{}, err
		}
		if changed {
			r.Int = 1
		}
	}
	return r, nil
}

func (c XGroupReplay) again(tx *keyspace.Tx, x *crdt.FieldChange) (changed bool, err error) {
	n, _ := crdt.SplitGroup(x.Name)
	if n.Part == crdt.GroupPending && x.Clear {
		return tx.TakeBack(c.Key, n.Region, n.Group, n.Of)
	}
	if n.Part != crdt.GroupCursor || n.Region != "" {
		return false, nil
	}
	g, err := tx.ReaderGroup(c.Key, n.Group)
	switch {
	case err != nil || (g != nil) == x.Assign:
		return false, err
	case g != nil:
		return true, tx.DestroyGroup(c.Key, g)
	}
	var f crdt.Field
	f.Register.Siblings = []crdt.Sibling{{Value: x.Value}}
	made, _ := f.Definitions()
	return true, tx.DefineGroup(c.Key, n.Group, made[0])
}
