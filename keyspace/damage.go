package keyspace

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/internal/mistake"
	"github.com/atollkv/atoll/store"
)

// A range of cells of which bytes on disk are not what was written is quarantined: from
// then on no update touches it. Reads and local writes of it are refused, frames that
// touch it wait at the gate, everything else goes on. So its state stands still at the
// vector of that moment, and any replica that covers that vector can give it back: what
// this shard applied meanwhile does not concern it.

// Quarantined is a range of cells, whole keys, that waits for a replica's state.
type Quarantined struct {
	// Lo and Hi bound the cells: Lo ≤ cell < Hi.
	Lo, Hi []byte
	// Place is the file and the offset, Cause what is wrong there.
	Place, Cause string
}

// quarantineMax bounds the ranges that are kept apart; more are joined to their
// neighbours.
const quarantineMax = 64

// IsDamage tells whether an error says that data is damaged, and nothing worse.
func IsDamage(err error) bool {
	return errors.Is(err, ErrDamaged) || errors.Is(err, store.ErrCorrupt)
}

// WholeKeys widens a range to all cells of the keys that it touches, where it lies in
// the space of cells; hi is the end of that space at most.
func WholeKeys(lo, hi []byte) (wideLo, wideHi []byte) {
	wideLo, wideHi = bytes.Clone(lo), bytes.Clone(hi)
	if at, err := kindAt(lo); err == nil {
		wideLo = bytes.Clone(lo[:at])
	}
	if at, err := kindAt(hi); err == nil {
		wideHi = bytes.Clone(hi[:at])
		wideHi[at-1]++ // behind the mark that ends a user key
	}
	return wideLo, wideHi
}

// quarantine is the ranges of a core, ascending and apart.
type quarantine struct{ list []Quarantined }

func (q *quarantine) touches(lo, hi []byte) *Quarantined {
	for i := range q.list {
		if x := &q.list[i]; bytes.Compare(x.Lo, hi) < 0 && bytes.Compare(lo, x.Hi) < 0 {
			return x
		}
	}
	return nil
}

// holds returns the range that a key lies in, or nil.
func (q *quarantine) holds(key []byte) *Quarantined {
	if len(q.list) == 0 {
		return nil
	}
	return q.touches(key, append(bytes.Clone(key), 0))
}

// add joins x with what it overlaps.
func (q *quarantine) add(x Quarantined) {
	var list []Quarantined
	for _, old := range q.list {
		if bytes.Compare(old.Lo, x.Hi) <= 0 && bytes.Compare(x.Lo, old.Hi) <= 0 {
			x.Lo, x.Hi = least(old.Lo, x.Lo), greatest(old.Hi, x.Hi)
		} else {
			list = append(list, old)
		}
	}
	list = append(list, x)
	slices.SortFunc(list, func(a, b Quarantined) int { return bytes.Compare(a.Lo, b.Lo) })
	if n := len(list); n > quarantineMax {
		list[n-2].Hi = list[n-1].Hi
		list = list[:n-1]
	}
	q.list = list
}

func least(a, b []byte) []byte {
	if bytes.Compare(a, b) < 0 {
		return a
	}
	return b
}

func greatest(a, b []byte) []byte {
	if bytes.Compare(a, b) < 0 {
		return b
	}
	return a
}

// remove takes out what lies within lo ≤ cell < hi.
func (q *quarantine) remove(lo, hi []byte) {
	q.list = slices.DeleteFunc(slices.Clone(q.list), func(x Quarantined) bool {
		return bytes.Compare(lo, x.Lo) <= 0 && bytes.Compare(x.Hi, hi) <= 0
	})
}

// guarded is what a core reads its store through: it refuses what is quarantined, and
// remembers what was read until forget, so that an update can be read before it is
// applied.
type guarded struct {
	store.Reader
	quarantine *quarantine
	fetched    memo[[]byte] // what Get returned
	mistakes   mistake.Set
}

func (g *guarded) Get(key []byte) ([]byte, error) {
	if v, ok := g.fetched.get(key); ok {
		return v, nil
	}
	if x := g.quarantine.holds(key); x != nil {
		return g.refused(x.refusal())
	}
	v, err := g.Reader.Get(key)
	if err != nil {
		return g.refused(err)
	}
	g.fetched.put(key, v)
	return v, nil
}

func (g *guarded) Iterate(lo, hi []byte) (store.Iterator, error) {
	if x := g.quarantine.touches(lo, hi); x != nil {
		return nil, x.refusal()
	}
	return g.Reader.Iterate(lo, hi)
}

func (g *guarded) forget() { g.fetched.forget() }

func (x *Quarantined) refusal() error { return fmt.Errorf("%w: %s: %s", ErrDamaged, x.Place, x.Cause) }

// prefetch reads every cell that an update will change, so that nothing is half applied
// when one of them cannot be read.
func (c *Core) prefetch(u *crdt.Update) error {
	for i := range u.Changes {
		ch := &u.Changes[i]
		h, err := c.batch.header(ch.Key)
		if err != nil {
			return err
		}
		if _, err := c.openCounts(ch.Key, &h, true); err != nil {
			return err
		}
		if _, some := h.Claimed(crdt.TypeGroups); some && (ch.Clear || len(ch.Entries) > 0) || len(ch.Groups) > 0 {
			if _, err := c.groupCells(ch.Key, nil, &h); err != nil { // see noteEntries and noteCursors
				return err
			}
		}
		for _, list := range [][][]byte{ch.Removes, ch.Adds} {
			for _, m := range list {
				if _, err := c.batch.member(ch.Key, m); err != nil {
					return err
				}
			}
		}
		for _, t := range fieldTypes {
			for i := range ch.FieldsOf(t) {
				if _, err := c.batch.field(ch.Key, t, ch.FieldsOf(t)[i].Name, h.Hidden); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// prefetchPairs reads what merging the pairs will read beside them.
func (c *Core) prefetchPairs(pairs []pair) error {
	var last []byte
	for _, x := range pairs {
		if err := c.prefetchNote(x); err != nil {
			return err
		}
		_, key, rest, err := splitKey(x.key)
		if err != nil || len(rest) == 0 || !isElement(rest[0]) {
			continue // mergeCell judges keys
		}
		if rest[0] == kindScore { // where it stands in the index
			if _, err := c.batch.field(key, crdt.TypeZSet, rest[1:], clock.VersionVector{}); err != nil {
				return err
			}
		}
		if bytes.Equal(key, last) && last != nil {
			continue
		}
		last = key
		h, err := c.batch.header(key)
		if err != nil {
			return err
		}
		if rest[0] == kindGroup || rest[0] == kindEntry {
			if _, err := c.groupCells(key, nil, &h); err != nil {
				return err
			}
		}
		for _, t := range crdt.Collections {
			if _, err := c.batch.loadCount(key, t); err != nil {
				return err
			}
		}
	}
	return nil
}

// Quarantine begins to refuse a range and returns what a replica must have to heal it.
// It must be the last call before Seal.
func (c *Core) Quarantine(x Quarantined) (atLeast clock.VersionVector) {
	c.quarantine.add(x)
	c.saveQuarantine()
	c.watches.noteAll()
	atLeast = c.vv
	for _, s := range c.transfer.extras.steps {
		atLeast = joined(atLeast, s.vector)
	}
	return atLeast
}

// CheckHealer refuses a replica whose state must not be taken over.
func (c *Core) CheckHealer(heads []store.Head) error {
	if err := c.checkDonor(heads); err != nil {
		return err
	}
	return c.checkLimits(vectorOf(heads), nil)
}

// Healed ends the quarantine of lo ≤ cell < hi: the store holds there what a replica
// with these heads had. What the replica had seen beyond this shard's vector is known
// of that range from now on.
func (c *Core) Healed(lo, hi []byte, heads []store.Head) error {
	if c.failed != nil {
		return c.failed
	}
	if err := c.CheckHealer(heads); err != nil {
		return err
	}
	for _, h := range heads {
		c.transfer.newest = max(c.transfer.newest, h.Time)
	}
	c.hlc.Observe(c.transfer.newest)
	c.quarantine.remove(lo, hi)
	c.saveQuarantine()
	c.watches.noteAll() // what the store holds there did not go through the batch
	clear(c.batch.fronts)
	if !c.cfg.Mistakes.Has(mistake.CacheOverHeal) {
		c.cache.forget(c.sealed + 1)
	}
	if ahead := above(vectorOf(heads), c.vv); ahead.Len() > 0 {
		upTo := hi
		if bytes.Compare(hi, []byte{store.SpaceData + 1}) >= 0 {
			upTo = nil
		}
		c.transfer.extras.cover(lo, upTo, ahead)
		c.saveTransfer()
	}
	c.batch.named = c.batch.named || hasNamed(c.batch.raw())
	c.touch(lo, hi)
	c.sweep.key = nil // what it knew of the key is gone
	c.drainAll()
	return nil
}

// touch marks the slots of a range as changed, by deleting what is not there: the cells
// themselves went past the commit loop.
//
// Which other namespaces had cells there is not known any more, so that a range that reaches beyond the default one
// is taken to be of all slots.
func (c *Core) touch(lo, hi []byte) {
	begin, _ := named()
	all := c.batch.named && bytes.Compare(begin, hi) < 0
	for slot := range uint16(Slots) {
		from, to := slotRange(store.SpaceData, nil, slot, slot)
		if all || bytes.Compare(from, hi) < 0 && bytes.Compare(lo, to) < 0 {
			c.batch.set(append(from, 0), nil)
		}
	}
}

// requeueCells bounds how many cells one step of Requeue looks at.
const requeueCells = 4096

// Requeue queues the keys of healed cells for the sweep, which counts their members and
// settles their floors, and enters them into the index of what is to end. next is nil when the range is done.
func (c *Core) Requeue(lo, hi []byte) (next []byte, err error) {
	n := 0
	err = scan(c.batch.raw(), lo, hi, func(cell, value []byte) (bool, error) {
		if n++; n > requeueCells {
			next = bytes.Clone(cell)
			return false, nil
		}
		_, key, rest, err := splitKey(cell)
		if err == nil && len(rest) > 0 {
			err = c.requeueCell(key, rest, value)
		}
		return err == nil, err
	})
	c.sweep.wake()
	return next, err
}

func (c *Core) requeueCell(key, rest, value []byte) error {
	switch {
	case rest[0] == kindHeader:
		h, err := decodeHeader(key, value)
		if err == nil && (len(h.Claims) > 0 || h.Hidden.Len() > 0 || h.Counter.Unsettled()) {
			c.batch.set(sweepKey(key), []byte{})
		}
		if err == nil {
			c.index(key, &h)
		}
		return err
	case isField(rest[0]):
		t := fieldType(rest[0])
		f, err := decodeField(key, t, value)
		if err == nil && f.Counter.Unsettled() {
			c.batch.set(sweepFieldKey(key, t, rest[1:]), []byte{})
		}
		if err == nil {
			c.indexField(key, rest[1:], &f)
		}
		return err
	default:
		return nil
	}
}

// settleExtras drops what the vector has caught up with since a range was healed.
func (c *Core) settleExtras() {
	if c.transfer.pass != nil || c.transfer.extras.empty() {
		return
	}
	before := c.transfer.extras.appendTo(nil)
	c.transfer.extras.settle(c.vv)
	if !bytes.Equal(before, c.transfer.extras.appendTo(nil)) {
		c.saveTransfer()
	}
}

// Quarantined returns the ranges that wait to be healed.
func (c *Core) Quarantined() []Quarantined { return slices.Clone(c.quarantine.list) }

// quarantineVersion is the first byte of the encoded list.
const quarantineVersion = 1

func (c *Core) saveQuarantine() {
	key := transferKey(c.cfg.Shard, 2)
	if len(c.quarantine.list) == 0 {
		c.batch.set(key, nil)
		return
	}
	b := appendUvarint([]byte{quarantineVersion}, uint64(len(c.quarantine.list)))
	for _, x := range c.quarantine.list {
		for _, part := range [][]byte{x.Lo, x.Hi, []byte(x.Place), []byte(x.Cause)} {
			b = appendBytes(b, part)
		}
	}
	c.batch.set(key, b)
}

func loadQuarantine(src store.Reader, shard store.ShardID) (list []Quarantined, err error) {
	b, err := src.Get(transferKey(shard, 2))
	if err != nil || b == nil {
		return nil, err
	}
	bad := fmt.Errorf("%w: list of damaged ranges", ErrDamaged)
	if b[0] != quarantineVersion {
		return nil, bad
	}
	n, b, err := clock.Uvarint(b[1:])
	if err != nil || n > quarantineMax {
		return nil, bad
	}
	for range n {
		var parts [4][]byte
		for i := range parts {
			if parts[i], b, err = takeBytes(b); err != nil {
				return nil, bad
			}
		}
		list = append(list, Quarantined{
			Lo: bytes.Clone(parts[0]), Hi: bytes.Clone(parts[1]), Place: string(parts[2]), Cause: string(parts[3]),
		})
	}
	return list, nil
}
