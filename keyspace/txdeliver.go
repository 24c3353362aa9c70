package keyspace

import (
	"bytes"

	"github.com/atollkv/atoll/crdt"
)

// passedMax bounds the entries that one delivery goes past because another region is done with them.
const passedMax = 10_000

// Delivery is what a consumer asks of a group.
type Delivery struct {
	Key      []byte
	Group    *ReaderGroup
	Consumer []byte
	// Limit is how many entries are delivered at most, 0 for all.
	Limit int64
	// NoAck: they do not become pending.
	NoAck bool
	// Take gets each entry, in the order of ids, and tells whether there is room for more. Slices are valid during the
	// call only.
	Take func(name []byte, f *crdt.Field) bool
}

// delivering is a delivery on its way.
type delivering struct {
	Delivery
	tx   *Tx
	next crdt.Cursor
	// given are the names of the entries that were taken; full says that there is room for no more.
	given [][]byte
	full  bool
	// moved: next says more than the cursor before. partly: some of what came late is left.
	moved, partly bool
	passed        int
	count         readCount
	failed        error
}

// Deliver gives a consumer entries that this region has not delivered, what came late first. What another region has
// delivered, and what is not pending there any more, is done, and passed. It returns how many entries it gave; more tells that it
// stopped at passedMax: the next delivery goes on there.
func (tx *Tx) Deliver(d Delivery) (n int, more bool, err error) {
	g := d.Group
	x := &delivering{Delivery: d, tx: tx, next: crdt.Cursor{Start: g.Start, Last: g.Last, Read: g.Read}}
	if g.newest != nil {
		x.next.Seen = g.newest.Seen
	}
	x.count = readCount{tx: tx, key: d.Key}
	if err := x.late(); err != nil {
		return 0, false, err
	}
	if !x.partly {
		x.next.Late = crdt.EntryPoint{}
		if err := x.ahead(); err != nil {
			return 0, false, err
		}
	}
	if !x.moved {
		return 0, false, nil
	}
	if err := x.hand(); err != nil {
		return 0, false, err
	}
	return len(x.given), x.passed == passedMax, tx.putCursor(d.Key, tx.self.Region, g.Name, x.next, !x.partly)
}

// late gives what came late. Where that is not all, the cursor tells how far this came.
func (x *delivering) late() error {
	err := x.tx.write.lates(x.tx.full(x.Key), x.Group.Name, func(_, name []byte) bool {
		f, err := x.tx.field(x.Key, crdt.TypeStream, name)
		if err != nil {
			x.failed = err
			return false
		}
		at, added := pointOf(name, &f)
		if !f.Live() || !x.Group.late(at, added) {
			return true // it was delivered, or is gone: see forgetLate
		}
		x.partly = x.full || x.passed == passedMax
		if x.partly {
			return false
		}
		x.next.Late = at
		return x.take(name, at, &f)
	})
	if err == nil {
		err = x.failed
	}
	return err
}

// ahead goes on behind the last place.
func (x *delivering) ahead() error {
	h, gone, err := x.tx.open(x.Key)
	if err != nil || gone || x.full {
		return err
	}
	w := itemWalk{of: crdt.TypeStream, from: crdt.EntryName(x.Group.Last.ID, x.Group.Last.By), hidden: h.Hidden}
	err = x.tx.eachItem(x.Key, w, func(name []byte, f *crdt.Field) bool {
		at, _ := pointOf(name, f)
		if at.ID == (crdt.StreamID{}) || at.Compare(x.Group.Last) <= 0 {
			return true // the mark, or the place itself
		}
		if x.take(name, at, f) {
			x.next.Last = at
		}
		return x.failed == nil && !x.full && x.passed < passedMax
	})
	if err == nil {
		err = x.failed
	}
	return err
}

// take gives an entry to the consumer, or passes it where another region is done with it.
func (x *delivering) take(name []byte, at crdt.EntryPoint, f *crdt.Field) bool {
	done, err := x.done(name, at, f)
	if err == nil {
		err = x.count.next(&x.next, at.ID)
	}
	if err != nil {
		x.failed = err
		return false
	}
	x.moved = true
	if done {
		x.passed++
		return true
	}
	x.given = append(x.given, bytes.Clone(name))
	x.full = !x.Take(name, f) || int64(len(x.given)) == x.Limit
	return true
}

// done tells whether another region is done with an entry.
func (x *delivering) done(name []byte, at crdt.EntryPoint, f *crdt.Field) (bool, error) {
	_, added := pointOf(name, f)
	for _, region := range x.Group.Regions {
		if region == x.tx.self.Region || !x.Group.delivered(region, at, added) {
			continue
		}
		n := crdt.GroupName{Part: crdt.GroupPending, Region: region, Group: x.Group.Name, Of: name}
		p, err := x.tx.field(x.Key, crdt.TypeGroups, n.Append(nil))
		if err != nil || !p.Live() || x.tx.write.passPending {
			return err == nil, err
		}
	}
	return false, nil
}

// hand makes what was given pending, and notes the consumer.
func (x *delivering) hand() error {
	if len(x.given) == 0 {
		return nil
	}
	if _, err := x.tx.MeetConsumer(x.Key, x.Group.Name, x.Consumer); err != nil || x.NoAck {
		return err
	}
	p := crdt.Pending{Consumer: x.Consumer, Since: x.tx.WriteTime(), Times: 1}
	for _, name := range x.given {
		if err := x.tx.Hand(x.Key, x.Group.Name, name, p); err != nil {
			return err
		}
	}
	return nil
}
