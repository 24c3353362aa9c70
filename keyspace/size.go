package keyspace

import (
	"context"
	"sync"

	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/store"
)

// sizer keeps how many keys of each slot exist, and counts anew only the slots that changed.
type sizer struct {
	mu     sync.Mutex // guards the rest; held while counting
	known  SlotSet
	commit [Slots]uint64 // which touch of the slot the number shows
	counts [Slots]Size
}

// Size is how many keys there are.
type Size struct {
	Keys int64
	// Ending is how many of them have a deadline.
	Ending int64
}

// sizePaceKeys is after how many keys a count looks whether it is still wanted.
const sizePaceKeys = 1024

// sizeRun is how many neighbouring slots are counted at a time.
const sizeRun = 256

// Size counts the keys that exist, in the last acknowledged state or a later one. The first count reads
// all keys, a later one those of the slots that changed since.
func (s *Shard) Size(ctx context.Context) (n Size, err error) {
	z := &s.sizes
	z.mu.Lock() // before the state is taken: who waits here counts what is new meanwhile
	defer z.mu.Unlock()
	p, err := s.Pin()
	if err != nil {
		return n, err
	}
	defer func() {
		if e := p.Close(); err == nil {
			err = e
		}
	}()
	if err := z.update(ctx, p); err != nil {
		return n, err
	}
	for _, c := range z.counts {
		n.Keys, n.Ending = n.Keys+c.Keys, n.Ending+c.Ending
	}
	return n, nil
}

// update brings the numbers to the pinned state. After an error the slots that were reached are kept.
func (z *sizer) update(ctx context.Context, p *Pinned) error {
	for first := 0; first < Slots; first++ {
		last := first - 1
		for last+1 < Slots && last+1-first < sizeRun && z.stale(last+1, p) {
			last++
			z.known.Remove(last)
			z.counts[last] = Size{}
		}
		if last < first {
			continue
		}
		if err := z.count(ctx, p.stored(), first, last); err != nil {
			return err
		}
		for slot := first; slot <= last; slot++ {
			z.known.Add(slot)
			z.commit[slot] = p.touched[slot].commit
		}
		first = last
	}
	return nil
}

func (z *sizer) stale(slot int, p *Pinned) bool {
	return !z.known.Has(slot) || z.commit[slot] != p.touched[slot].commit
}

// count counts the keys of slots that show a type.
//
// Every key that shows one has a header, so only headers are looked at.
func (z *sizer) count(ctx context.Context, s stored, first, last int) (err error) {
	lo, _ := slotRange(store.SpaceData, s.ns, uint16(first))
	_, hi := slotRange(store.SpaceData, s.ns, uint16(last))
	it, err := s.src.Iterate(lo, hi)
	if err != nil {
		return err
	}
	defer func() {
		if e := it.Close(); err == nil {
			err = e
		}
	}()
	seen := 0
	for ok := it.First(); ok; seen++ {
		if seen%sizePaceKeys == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		slot, key, rest, err := splitKey(it.Key())
		if err != nil {
			return err
		}
		if len(rest) != 1 || rest[0] != kindHeader { // elements: to the next key
			ok = it.SeekGE(afterKey(s.ns, key))
			continue
		}
		exists, ends, err := s.exists(key, it.Value())
		if err != nil {
			return err
		}
		if exists {
			z.counts[slot].Keys++
		}
		if ends {
			z.counts[slot].Ending++
		}
		ok = it.Next()
	}
	return it.Error()
}

// exists tells whether a key shows anything, and whether it has a deadline; value is its header. One that has ended does until it is
// deleted: time alone does not change a slot.
func (s stored) exists(key, value []byte) (exists, ends bool, err error) {
	h, err := decodeHeader(key, value)
	if err != nil {
		return false, false, err
	}
	if _, text := h.StringStamp(); text && len(h.Expiry) == 0 {
		return true, false, nil // most keys
	}
	h.Hidden = h.Hidden.Carry(s.retired)
	tx := &Tx{cells: s}
	t, err := h.Shown(func(t crdt.Type) (bool, error) { return tx.holds(key, t, &h) })
	if err != nil || t == crdt.TypeNone {
		return false, false, err
	}
	return true, h.Until(t) != crdt.Never, nil
}

// Size is Shard.Size, for commands that only read.
func (tx *Tx) Size() (Size, error) {
	if tx.size == nil {
		return Size{}, ErrReadOnly
	}
	return tx.size()
}
