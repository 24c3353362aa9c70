package keyspace

import (
	"context"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/internal/namespace"
)

// Pinned is one acknowledged state of a shard, held so that it can be compared with a
// peer's while the shard goes on. It must be closed; the shard does not end before.
//
// Usage: Pin, Summarize once, then the rest. It is not safe for concurrent use.
type Pinned struct {
	shard   *Shard
	state   *published
	touched *[Slots]touch
	table   *slotTable // nil before Summarize
}

// Pin takes hold of the last acknowledged state.
func (s *Shard) Pin() (*Pinned, error) {
	p := &Pinned{shard: s}
	state, err := s.acquire(func() { p.touched = s.digests.touches.share() })
	p.state = state
	return p, err
}

// Close lets go of the state.
func (p *Pinned) Close() error { return p.shard.doneReading(p.state) }

// Vector returns what the state contains.
func (p *Pinned) Vector() clock.VersionVector { return p.state.vector }

// Ahead tells that a transfer has merged some of the state beyond the vector: it must
// not be compared.
func (p *Pinned) Ahead() bool { return p.state.ahead }

func (p *Pinned) stored() stored {
	return p.shard.cellsOf(p.state)
}

// Summarize computes the digests of the slots that changed since they were last
// computed; with all, those of every slot, from what the store reads now. pace may be
// nil; else it is called after every few cells with their number, and may wait. It
// fails when ctx or pace does: a slot that cannot be read is among the Unreadable.
func (p *Pinned) Summarize(ctx context.Context, all bool, pace func(cells int) error) (err error) {
	p.table, err = p.shard.digests.update(p, all, func(cells int) error {
		if err := ctx.Err(); err != nil || pace == nil {
			return err
		}
		return pace(cells)
	})
	return err
}

// Slot returns the digest of a slot: the number of live cells, and 128 bits.
func (p *Pinned) Slot(slot int) (cells, hi, lo uint64) {
	d := p.table.slots[slot]
	return d.cells, d.hi, d.lo
}

// Total returns the sums of Slot over some slots, each number modulo 2^64.
func (p *Pinned) Total(which SlotSet) (cells, hi, lo uint64) {
	d := p.table.total
	if !which.Full() {
		d = p.table.sum(which)
	}
	return d.cells, d.hi, d.lo
}

// Damaged returns the slots with cells that cannot be decoded. Those are left out of the
// slot's digest.
func (p *Pinned) Damaged() SlotSet { return p.table.damaged }

// Unreadable returns the slots that could not be read to their end. Their digests say
// nothing.
func (p *Pinned) Unreadable() SlotSet { return p.table.unreadable }

// Comparable returns the slots of which this state contains nothing that a peer at
// the given vector lacks. Where the peer says the same of its state and this vector,
// both have seen the same updates of the slot, and the digests must be equal.
//
// A slot with floors that are not settled has a canonical form that depends on the whole
// vector: it is comparable at equal vectors only.
func (p *Pinned) Comparable(peer clock.VersionVector) SlotSet {
	out := allSlots()
	peer = peer.Carry(p.state.retired)
	same := p.Vector().Equal(peer)
	var last touch // runs of slots that the same commit touched are common
	covered := false
	for slot := range Slots {
		if !same {
			if t := p.touched[slot]; slot == 0 || t.commit != last.commit {
				last, covered = t, t.vector.LessEq(peer)
			}
			if !covered || p.table.unsettled.Has(slot) {
				out.Remove(slot)
			}
		}
	}
	for i, w := range p.table.unreadable {
		out[i] &^= w
	}
	return out
}

// Cells calls fn for the live cells of some slots, in key order: slot, key and canonical
// value, or the reason why it cannot be decoded. The slices are valid during the call
// only.
func (p *Pinned) Cells(which SlotSet, fn func(slot int, key, value []byte, problem error) error) error {
	s := p.stored()
	names, err := s.spaces()
	if err != nil {
		return err
	}
	for slot := range which.All() {
		var one SlotSet
		one.Add(slot)
		for _, name := range names {
			err := s.walk(name, one, p.state.knowledge(), func(c *liveCell) error {
				return fn(slot, c.key, c.value, c.err)
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// UserKey returns the namespace and the key, as clients know them, that a cell belongs to, and the member or
// field if the cell is one of a set or a hash.
func UserKey(cell []byte) (n namespace.Name, key, member []byte, err error) {
	_, full, rest, err := splitKey(cell)
	if err != nil || len(rest) == 0 {
		return n, nil, nil, errKey
	}
	n, key = namespace.Split(full)
	return n, key, rest[1:], nil
}
