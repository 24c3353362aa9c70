package keyspace

import (
	"context"
	"errors"
	"sync"

	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/internal/namespace"
	"github.com/atollkv/atoll/store"
)

// sizer keeps how many keys of each slot exist, and counts anew only the slots that changed.
type sizer struct {
	mu     sync.Mutex // guards the rest; held while counting
	known  SlotSet
	commit [Slots]uint64 // which touch of the slot the number shows
	counts [Slots]Size
	whole  bool // all slots were counted
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

// sizersMax is of how many namespaces numbers are kept, 400 KB each.
const sizersMax = 32

// sizers keep the numbers of namespaces.
type sizers struct {
	mu sync.Mutex
	by map[namespace.Name]*sizer // guarded by mu
}

// of returns the numbers of a namespace. Where there are too many, some other one's are counted anew when they are
// asked for.
func (x *sizers) of(n namespace.Name) *sizer {
	x.mu.Lock()
	defer x.mu.Unlock()
	if z := x.by[n]; z != nil {
		return z
	}
	if x.by == nil {
		x.by = map[namespace.Name]*sizer{}
	}
	for other := range x.by {
		if len(x.by) < sizersMax {
			break
		}
		if other != namespace.Default {
			delete(x.by, other)
		}
	}
	z := &sizer{}
	x.by[n] = z
	return z
}

// has tells whether numbers of a namespace are kept, or there is room for them.
func (x *sizers) has(n namespace.Name) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.by[n] != nil || len(x.by) < sizersMax
}

// Size counts the keys of a namespace that exist, in the last acknowledged state or a later one. The first count reads
// all keys, a later one those of the slots that changed since.
func (s *Shard) Size(ctx context.Context, name namespace.Name) (n Size, err error) {
	z := s.sizes.of(name)
	z.mu.Lock() // before the state is taken: who waits here counts what is new meanwhile
	defer z.mu.Unlock()
	p, err := s.Pin()
	if err != nil {
		return n, err
	}
	defer func() { err = errors.Join(err, p.Close()) }()
	if err := z.update(ctx, p, []byte(name)); err != nil {
		return n, err
	}
	z.whole = true
	return z.sum(), nil
}

// sizeInPassing is Size for who asks about all namespaces: where there are so many that not all numbers can be kept, it
// leaves those that are kept, and reads all keys of another namespace in one go.
func (s *Shard) sizeInPassing(ctx context.Context, name namespace.Name) (n Size, err error) {
	if s.sizes.has(name) {
		return s.Size(ctx, name)
	}
	p, err := s.Pin()
	if err != nil {
		return n, err
	}
	defer func() { err = errors.Join(err, p.Close()) }()
	err = countKeys(ctx, p.stored(), []byte(name), 0, Slots-1, func(_ uint16, ends bool) { n.add(ends) })
	return n, err
}

func (n *Size) add(ends bool) {
	n.Keys++
	if ends {
		n.Ending++
	}
}

func (z *sizer) sum() (n Size) {
	for _, c := range z.counts {
		n.Keys, n.Ending = n.Keys+c.Keys, n.Ending+c.Ending
	}
	return n
}

// last returns what a namespace had when it was counted last; ok is false where it was not, or is being counted.
func (x *sizers) last(n namespace.Name) (size Size, ok bool) {
	x.mu.Lock()
	z := x.by[n]
	x.mu.Unlock()
	if z == nil || !z.mu.TryLock() {
		return size, false
	}
	defer z.mu.Unlock()
	if !z.whole {
		return size, false
	}
	return z.sum(), true
}

// update brings the numbers to the pinned state. After an error the slots that were reached are kept.
func (z *sizer) update(ctx context.Context, p *Pinned, name []byte) error {
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
		if err := countKeys(ctx, p.stored(), name, first, last, func(slot uint16, ends bool) { z.counts[slot].add(ends) }); err != nil {
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

// countKeys calls add for the keys of slots of a namespace that show a type; ends tells of those with a deadline.
//
// Every key that shows one has a header, so only headers are looked at.
func countKeys(ctx context.Context, s stored, name []byte, first, last int, add func(slot uint16, ends bool)) (err error) {
	lo, hi := slotRange(store.SpaceData, name, uint16(first), uint16(last))
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
			ok = it.SeekGE(afterKey(key))
			continue
		}
		exists, ends, err := s.exists(key, it.Value())
		if err != nil {
			return err
		}
		if exists {
			add(slot, ends)
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
	user := tx.enter(key)
	t, err := h.Shown(func(t crdt.Type) (bool, error) { return tx.holds(user, t, &h) })
	if err != nil || t == crdt.TypeNone {
		return false, false, err
	}
	return true, h.Until(t) != crdt.Never, nil
}

// Size is Shard.Size of the transaction's namespace, for commands that only read.
func (tx *Tx) Size() (Size, error) {
	if tx.sizes == nil {
		return Size{}, ErrReadOnly
	}
	return tx.sizes.size(tx.space)
}

// Spaces returns the namespaces that have keys, in the order of their cells: the default one first, then shorter names
// first. It works in reads only.
func (tx *Tx) Spaces() (list []Space, err error) {
	s, ok := tx.cells.(*stored)
	if !ok || tx.sizes == nil {
		return nil, ErrReadOnly
	}
	names, err := s.spaces()
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		x := Space{Name: namespace.Name(name)}
		if x.Size, err = tx.sizes.inPassing(x.Name); err != nil {
			return nil, err
		}
		if x.Size.Keys > 0 {
			list = append(list, x)
		}
	}
	return list, nil
}
