package command

import (
	"bytes"

	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace"
)

// XPending tells what is pending in a group in this region: by entry if Limit is not negative, else only a summary.
// Reply: of entries Pending; of a summary Int, how many there are, Pending, the first and the last one, and Consumers
// that have some. https://redis.io/commands/xpending
type XPending struct {
	GroupOf
	First, Last crdt.StreamID
	Limit       int64
	// Idle is for how long they were not delivered at least, in milliseconds.
	Idle int64
	// Consumer has them, if it is not nil.
	Consumer []byte
}

// pendingBytes is what an entry that is pending counts in a reply beside the name of its consumer.
const pendingBytes = 64

// Name implements keyspace.Command.
func (XPending) Name() string { return "XPENDING" }

// Keys implements keyspace.Command.
func (c XPending) Keys() [][]byte { return [][]byte{c.Key} }

// Writes implements keyspace.Command.
func (XPending) Writes() bool { return false }

// Run implements keyspace.Command.
func (c XPending) Run(tx *keyspace.Tx) (r keyspace.Reply, err error) {
	if _, err := c.find(tx); err != nil {
		return r, err
	}
	if c.Limit < 0 {
		return c.summary(tx)
	}
	size := 0
	err = tx.EachPending(c.Key, tx.Region(), c.Group, c.First, func(p *keyspace.PendingEntry) bool {
		if p.ID.Compare(c.Last) > 0 || c.Limit == 0 {
			return false
		}
		if (c.Consumer == nil || bytes.Equal(c.Consumer, p.Consumer)) && idle(tx.Now(), p) >= c.Idle {
			r.Pending, size = append(r.Pending, p.Kept()), size+len(p.Consumer)+pendingBytes
		}
		return int64(len(r.Pending)) < c.Limit && size <= replyBytes
	})
	if err == nil && size > replyBytes {
		err = &keyspace.TooLargeError{What: "reply bytes", Size: size, Limit: replyBytes}
	}
	r.Int = tx.Now()
	return r, err
}

func (c XPending) summary(tx *keyspace.Tx) (r keyspace.Reply, err error) {
	var first, last keyspace.PendingEntry
	some := tally{}
	err = tx.EachPending(c.Key, tx.Region(), c.Group, crdt.StreamID{}, func(p *keyspace.PendingEntry) bool {
		if r.Int++; r.Int == 1 {
			first = p.Kept()
		}
		last.ID = p.ID
		some.add(p.Consumer)
		return true
	})
	if r.Int > 0 {
		r.Pending = []keyspace.PendingEntry{first, last}
	}
	r.Consumers = consumersOf(nil, some)
	return r, err
}

// idle returns for how long an entry was not delivered, in milliseconds.
func idle(now int64, p *keyspace.PendingEntry) int64 { return max(0, now-p.Since) }
