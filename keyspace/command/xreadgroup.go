package command

import (
	"bytes"

	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace"
)

// XReadGroup gives a consumer entries of streams that were not delivered to its group in this region, or those that it
// has and that are not acknowledged. Reply: Found, and Replies, for each stream that has such entries its name in Value,
// and Entries; those without fields are no more. Again where so much was passed that another region is done with that the rest
// waits for another turn. https://redis.io/commands/xreadgroup
type XReadGroup struct {
	Consumer []byte
	Streams  []ReadAs
	// Limit is how many are given of each at most, 0 for as many as one command gives.
	Limit int64
	// NoAck: what is new does not become pending.
	NoAck bool
}

// ReadAs says what to read of a stream.
type ReadAs struct {
	GroupOf
	// New: what was not delivered yet; else what the consumer has behind After.
	New   bool
	After crdt.StreamID
}

// Name implements keyspace.Command.
func (XReadGroup) Name() string { return "XREADGROUP" }

// Keys implements keyspace.Command.
func (c XReadGroup) Keys() (keys [][]byte) {
	for _, s := range c.Streams {
		keys = append(keys, s.Key)
	}
	return keys
}

// From returns the command that reads one of the streams; gone is why it is refused where its group is no more.
func (c XReadGroup) From(key []byte, gone error) XReadGroup {
	for _, s := range c.Streams {
		if bytes.Equal(s.Key, key) {
			s.NoGroup = gone
			c.Streams = []ReadAs{s}
			break
		}
	}
	return c
}

// Writes implements keyspace.Command.
func (XReadGroup) Writes() bool { return true }

// Run implements keyspace.Command.
func (c XReadGroup) Run(tx *keyspace.Tx) (r keyspace.Reply, err error) {
	for _, s := range c.Streams {
		if _, err := s.find(tx); err != nil {
			return r, err
		}
	}
	entries, again := entryReader{tx: tx}, false
	for _, s := range c.Streams {
		g, err := s.find(tx)
		if err != nil {
			return keyspace.Reply{}, err
		}
		one := keyspace.Reply{Value: s.Key}
		if s.New {
			more := false
			one.Entries, more, err = c.deliver(tx, s, g, &entries)
			again = again || more
		} else {
			one.Entries, err = c.history(tx, s, &entries)
		}
		if err != nil {
			return keyspace.Reply{}, err
		}
		if !s.New || len(one.Entries) > 0 {
			r.Found, r.Replies = true, append(r.Replies, one)
		}
	}
	r.Again = again && !r.Found
	return r, nil
}

// deliver gives what is new. What does not fit into one reply waits for the next.
func (c XReadGroup) deliver(tx *keyspace.Tx, s ReadAs, g *keyspace.ReaderGroup, entries *entryReader) (list []keyspace.Entry, more bool, err error) {
	if entries.full() {
		return nil, false, nil
	}
	had, err := tx.HasConsumer(s.Key, s.Group, c.Consumer)
	if err != nil {
		return nil, false, err
	}
	n, more, err := tx.Deliver(keyspace.Delivery{
		Key: s.Key, Group: g, Consumer: c.Consumer, Limit: c.Limit, NoAck: c.NoAck,
		Take: func(name []byte, f *crdt.Field) bool {
			list = append(list, entries.read(name, f))
			entries.hand(s.Group, c.Consumer)
			return !entries.full()
		},
	})
	notedIf(err == nil && n > 0 && !had, tx, keyspace.ClassStream, "xgroup-createconsumer", s.Key)
	return list, more, err
}

// deliverBytes and deliverMax bound what one command delivers: each entry becomes a cell of the update, and others wait
// meanwhile.
const (
	deliverBytes = 4 << 20
	deliverMax   = 10_000
)

// hand counts what the cell of an entry that is handed over names.
func (r *entryReader) hand(group, consumer []byte) { r.size += len(group) + len(consumer) }

// full tells whether a command is to deliver no more.
func (r *entryReader) full() bool { return r.size > deliverBytes || r.count >= deliverMax }

// history gives what the consumer has, once more: at least one entry, if there is any, since none means that there is
// none.
func (c XReadGroup) history(tx *keyspace.Tx, s ReadAs, entries *entryReader) (list []keyspace.Entry, err error) {
	if err := s.meet(tx, c.Consumer); err != nil {
		return nil, err
	}
	from, some := s.After.Next()
	if !some {
		return nil, nil
	}
	limit := int64(max(1, deliverMax-entries.count))
	if c.Limit > 0 {
		limit = min(limit, c.Limit)
	}
	var has []keyspace.PendingEntry
	err = tx.EachPending(s.Key, tx.Region(), s.Group, from, func(p *keyspace.PendingEntry) bool {
		if bytes.Equal(p.Consumer, c.Consumer) {
			has = append(has, p.Kept())
		}
		return int64(len(has)) < limit
	})
	if err != nil {
		return nil, err
	}
	for _, p := range has {
		e, found, err := entries.entryOf(s.Key, p.Entry)
		if err != nil {
			return nil, err
		}
		list = append(list, e)
		entries.hand(s.Group, c.Consumer)
		if found {
			p.Since, p.Times = tx.WriteTime(), p.Times+1
			if err := tx.Hand(s.Key, s.Group, p.Entry, p.Pending); err != nil {
				return nil, err
			}
		}
		if entries.full() {
			break
		}
	}
	return list, nil
}
