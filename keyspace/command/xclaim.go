package command

import (
	"bytes"

	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace"
)

// XClaim gives entries that are pending in this region to a consumer. Reply: Entries, those that it got; with JustID
// their ids only. https://redis.io/commands/xclaim
type XClaim struct {
	GroupOf
	Consumer []byte
	// MinIdle is for how long they were not delivered at least, in milliseconds.
	MinIdle int64
	IDs     []crdt.StreamID
	// Idle is how long ago they are to count as delivered, Time when, in milliseconds; negative ones are not given.
	Idle, Time int64
	// Times is how often they are to count as delivered; negative counts once more.
	Times         int64
	Force, JustID bool
	// Behind lets the group go on behind an id, if it has not come so far.
	Behind crdt.StreamID
}

// Name implements keyspace.Command.
func (XClaim) Name() string { return "XCLAIM" }

// Keys implements keyspace.Command.
func (c XClaim) Keys() [][]byte { return [][]byte{c.Key} }

// Writes implements keyspace.Command.
func (XClaim) Writes() bool { return true }

// Run implements keyspace.Command.
func (c XClaim) Run(tx *keyspace.Tx) (r keyspace.Reply, err error) {
	g, err := c.find(tx)
	if err != nil {
		return r, err
	}
	if err := tx.PassTo(c.Key, g, c.Behind, c.Force); err != nil {
		return r, err
	}
	entries := entryReader{tx: tx}
	for _, id := range c.IDs {
		list, err := c.claim(tx, id, &entries)
		if err != nil {
			return keyspace.Reply{}, err
		}
		r.Entries = append(r.Entries, list...)
	}
	if len(r.Entries) > 0 {
		if err := c.meet(tx, c.Consumer); err != nil {
			return r, err
		}
	}
	return r, entries.fits()
}

// claim takes what is pending with an id. An entry that is no more does not stay pending.
func (c XClaim) claim(tx *keyspace.Tx, id crdt.StreamID, entries *entryReader) (list []keyspace.Entry, err error) {
	pending, err := pendingWith(tx, c.Key, tx.Region(), c.Group, id)
	if err != nil {
		return nil, err
	}
	if c.Force {
		if pending, err = c.forced(tx, id, pending); err != nil {
			return nil, err
		}
	}
	for _, p := range pending {
		e, found, err := entries.entryOf(c.Key, p.Entry)
		if err != nil {
			return nil, err
		}
		if !found {
			if _, err := tx.TakeBack(c.Key, tx.Region(), c.Group, p.Entry); err != nil {
				return nil, err
			}
			continue
		}
		if p.Consumer != nil && c.MinIdle > 0 && idle(tx.WriteTime(), &p) < c.MinIdle {
			continue
		}
		if err := tx.Hand(c.Key, c.Group, p.Entry, c.as(p.Pending, tx.WriteTime())); err != nil {
			return nil, err
		}
		list = append(list, e)
	}
	return list, nil
}

// forced adds the entries with an id that are not pending.
func (c XClaim) forced(tx *keyspace.Tx, id crdt.StreamID, pending []keyspace.PendingEntry) ([]keyspace.PendingEntry, error) {
	out := pending
	err := tx.Entries(c.Key, id, id, keyspace.Front, func(name []byte, _ *crdt.Field) bool {
		for _, p := range pending {
			if bytes.Equal(p.Entry, name) {
				return true
			}
		}
		out = append(out, keyspace.PendingEntry{Entry: bytes.Clone(name), ID: id, Pending: crdt.Pending{Times: 1}})
		return true
	})
	return out, err
}

// as returns what is pending as it is with the new consumer.
func (c XClaim) as(p crdt.Pending, now int64) crdt.Pending {
	p.Consumer, p.Since = c.Consumer, now
	switch {
	case c.Time >= 0:
		p.Since = min(c.Time, now)
	case c.Idle >= 0 && c.Idle <= now:
		p.Since = now - c.Idle
	}
	switch {
	case c.Times >= 0:
		p.Times = c.Times
	case !c.JustID:
		p.Times++
	}
	return p
}
