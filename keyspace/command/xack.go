package command

import (
	"slices"

	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace"
)

// XAck takes entries off what is pending, in every region where they are seen to be. Reply: Int, how many ids were
// pending anywhere. https://redis.io/commands/xack
type XAck struct {
	GroupOf
	IDs []crdt.StreamID
}

// Name implements keyspace.Command.
func (XAck) Name() string { return "XACK" }

// Keys implements keyspace.Command.
func (c XAck) Keys() [][]byte { return [][]byte{c.Key} }

// Writes implements keyspace.Command.
func (XAck) Writes() bool { return true }

// Run implements keyspace.Command.
func (c XAck) Run(tx *keyspace.Tx) (r keyspace.Reply, err error) {
	if _, found, err := tx.Expect(c.Key, crdt.TypeStream); err != nil || !found {
		return r, err
	}
	g, err := tx.ReaderGroup(c.Key, c.Group)
	switch {
	case err != nil || g == nil:
		return r, err
	case c.Bad != nil:
		return r, refusing(c.Bad)
	}
	ids := slices.Clone(c.IDs)
	slices.SortFunc(ids, crdt.StreamID.Compare)
	// All are looked up before the first is taken back: to look is slow beside what the transaction has changed.
	pending := map[string][]keyspace.PendingEntry{}
	for _, id := range slices.Compact(ids) {
		acked := false
		for _, region := range g.Regions {
			list, err := pendingWith(tx, c.Key, region, c.Group, id)
			if err != nil {
				return r, err
			}
			pending[region] = append(pending[region], list...)
			acked = acked || len(list) > 0
		}
		if acked {
			r.Int++
		}
	}
	for _, region := range g.Regions {
		for _, p := range pending[region] {
			if _, err := tx.TakeBack(c.Key, region, c.Group, p.Entry); err != nil {
				return r, err
			}
		}
	}
	return r, nil
}

// pendingWith returns the entries with an id that are pending in a region.
func pendingWith(tx *keyspace.Tx, key []byte, region string, group []byte, id crdt.StreamID) (list []keyspace.PendingEntry, err error) {
	err = tx.EachPending(key, region, group, id, func(p *keyspace.PendingEntry) bool {
		if p.ID == id {
			list = append(list, p.Kept())
		}
		return p.ID == id
	})
	return list, err
}
