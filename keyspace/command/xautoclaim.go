package command

import (
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace"
)

// XAutoClaim gives entries that are pending in this region for long to a consumer. Reply: Entries, those that it got;
// Pending, those that are no more, and no longer pending; Next, the id to go on at, 0-0 where there is none.
// https://redis.io/commands/xautoclaim
type XAutoClaim struct {
	GroupOf
	Consumer []byte
	MinIdle  int64
	From     crdt.StreamID
	// Limit is how many it gets at most; those beyond deliverMax, or deliverBytes, are left to the next command.
	Limit  int64
	JustID bool
}

// Name implements keyspace.Command.
func (XAutoClaim) Name() string { return "XAUTOCLAIM" }

// Keys implements keyspace.Command.
func (c XAutoClaim) Keys() [][]byte { return [][]byte{c.Key} }

// Writes implements keyspace.Command.
func (XAutoClaim) Writes() bool { return true }

// autoClaimLooks is how many pending entries are looked at for one that may be claimed, as in Redis.
const autoClaimLooks = 10

// Run implements keyspace.Command.
func (c XAutoClaim) Run(tx *keyspace.Tx) (r keyspace.Reply, err error) {
	if _, err := c.find(tx); err != nil {
		return r, err
	}
	entries := entryReader{tx: tx}
	left := min(c.Limit, deliverMax)
	looks := left * autoClaimLooks
	var list []keyspace.PendingEntry
	next, failed := crdt.StreamID{}, error(nil)
	err = tx.EachPending(c.Key, tx.Region(), c.Group, c.From, func(p *keyspace.PendingEntry) bool {
		if looks == 0 || left == 0 {
			next = p.ID
			return false
		}
		looks--
		_, found, err := tx.StreamEntry(c.Key, p.Entry)
		if !found || c.MinIdle == 0 || idle(tx.WriteTime(), p) >= c.MinIdle {
			list, left = append(list, p.Kept()), left-1
		}
		failed = err
		return err == nil
	})
	if err == nil {
		err = failed
	}
	if err != nil {
		return r, err
	}
	claim := XClaim{GroupOf: c.GroupOf, Consumer: c.Consumer, Idle: -1, Time: -1, Times: -1, JustID: c.JustID}
	for _, p := range list {
		if entries.full() {
			next = p.ID
			break
		}
		e, found, err := entries.entryOf(c.Key, p.Entry)
		entries.hand(c.Group, c.Consumer)
		if err != nil {
			return keyspace.Reply{}, err
		}
		if !found {
			if _, err := tx.TakeBack(c.Key, tx.Region(), c.Group, p.Entry); err != nil {
				return keyspace.Reply{}, err
			}
			r.Pending = append(r.Pending, p)
			continue
		}
		if err := tx.Hand(c.Key, c.Group, p.Entry, claim.as(p.Pending, tx.WriteTime())); err != nil {
			return keyspace.Reply{}, err
		}
		r.Entries = append(r.Entries, e)
	}
	if len(r.Entries) > 0 {
		if err := c.meet(tx, c.Consumer); err != nil {
			return r, err
		}
	}
	r.Next = next
	return r, entries.fits()
}
