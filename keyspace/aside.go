package keyspace

import (
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/internal/mistake"
	"github.com/atollkv/atoll/store"
	"github.com/atollkv/atoll/store/oplog"
)

// asideVersion is the first byte of what is stored about an origin with records kept aside.
const asideVersion = 1

// aside is an origin whose records beyond base are kept and not applied.
type aside struct {
	// base is the last record that counts.
	base clock.Seq
	// done is the last record that was replayed or dropped.
	done clock.Seq
	// head is the last record kept; its Seq is 0 before the first.
	head store.Head
	who  crdt.Declaration
}

// asideKey is where a frame that is kept aside is stored. Under seq 0, which ends no frame,
// is the aside of the origin.
func asideKey(s store.ShardID, o clock.Origin, last clock.Seq) []byte {
	b := binary.BigEndian.AppendUint32([]byte{store.SpaceAside}, uint32(s))
	b = binary.BigEndian.AppendUint64(b, uint64(o))
	return binary.BigEndian.AppendUint64(b, uint64(last))
}

const asideKeyBytes = 1 + 4 + 8 + 8

// splitAsideKey returns origin and last sequence.
func splitAsideKey(k []byte) (clock.Origin, clock.Seq, error) {
	if len(k) != asideKeyBytes {
		return 0, 0, fmt.Errorf("%w: key %x", store.ErrCorrupt, k)
	}
	return clock.Origin(binary.BigEndian.Uint64(k[5:])), clock.Seq(binary.BigEndian.Uint64(k[13:])), nil
}

// asideRange bounds everything that a shard keeps aside.
func asideRange(s store.ShardID) (lo, hi []byte) {
	lo = binary.BigEndian.AppendUint32([]byte{store.SpaceAside}, uint32(s))
	return lo, binary.BigEndian.AppendUint32([]byte{store.SpaceAside}, uint32(s)+1)
}

// encode returns version, uvarint base and done, region and node as uvarint length and
// bytes, and a list of no head or one.
func (a aside) encode(o clock.Origin) []byte {
	b := binary.AppendUvarint([]byte{asideVersion}, uint64(a.base))
	b = binary.AppendUvarint(b, uint64(a.done))
	for _, s := range [...]string{a.who.Region, a.who.Node} {
		b = append(binary.AppendUvarint(b, uint64(len(s))), s...)
	}
	if a.head.Seq == 0 {
		return store.AppendHeads(b, nil)
	}
	a.head.Origin = o
	return store.AppendHeads(b, []store.Head{a.head})
}

func decodeAside(b []byte) (a aside, err error) {
	if len(b) == 0 || b[0] != asideVersion {
		return a, fmt.Errorf("%w: what is kept aside has an unknown form", store.ErrCorrupt)
	}
	b = b[1:]
	for _, to := range [...]*clock.Seq{&a.base, &a.done} {
		n, rest, err := clock.Uvarint(b)
		if err != nil {
			return a, fmt.Errorf("%w: kept aside: %w", store.ErrCorrupt, err)
		}
		*to, b = clock.Seq(n), rest
	}
	for _, to := range [...]*string{&a.who.Region, &a.who.Node} {
		n, rest, err := clock.Uvarint(b)
		if err != nil || n > uint64(len(rest)) {
			return a, fmt.Errorf("%w: kept aside: length", store.ErrCorrupt)
		}
		*to, b = string(rest[:n]), rest[n:]
	}
	heads, rest, err := store.DecodeHeads(b)
	if err == nil && (len(rest) > 0 || len(heads) > 1) {
		err = fmt.Errorf("%w: kept aside: %d bytes too many", store.ErrCorrupt, len(rest))
	}
	if len(heads) == 1 {
		a.head = heads[0]
	}
	return a, err
}

// loadAside reads which origins have records kept aside.
func loadAside(src store.Reader, shard store.ShardID) (map[clock.Origin]aside, error) {
	out := map[clock.Origin]aside{}
	lo, hi := asideRange(shard)
	it, err := src.Iterate(lo, hi)
	if err != nil {
		return nil, err
	}
	defer it.Close()
	for ok := it.First(); ok; {
		o, seq, err := splitAsideKey(it.Key())
		if err == nil && seq != 0 {
			err = fmt.Errorf("%w: frames of %v kept aside without their begin", store.ErrCorrupt, o)
		}
		if err == nil {
			out[o], err = decodeAside(it.Value())
		}
		if err != nil {
			return nil, err
		}
		ok = it.SeekGE(append(asideKey(shard, o, ^clock.Seq(0)), 0))
	}
	return out, it.Error()
}

// bar lets records of an origin count up to base only. It is stored with the first record
// that is kept aside.
func (c *Core) bar(o clock.Origin, base clock.Seq, who crdt.Declaration) {
	if a, ok := c.aside[o]; !ok || base < a.base {
		c.aside[o] = aside{base: base, done: a.done, who: who}
	}
}

// lowerAside begins anew where a seal lies below what was kept aside: a later agreement of
// fewer members counts less.
func (c *Core) lowerAside() {
	for _, o := range slices.Sorted(maps.Keys(c.aside)) {
		if end, ok := c.limits.Seals[o]; ok && end < c.aside[o].base {
			c.bar(o, end, c.aside[o].who)
		}
	}
}

// beyond tells that all records of a frame come after the last one that counts.
func (c *Core) beyond(f *oplog.Frame) bool {
	end, sealed := c.sealOf(f.Origin)
	return sealed && f.First > end && !c.cfg.Mistakes.Has(mistake.SealIgnored)
}

// keepAside stores the records of a frame that count for nothing. wait is waitGap while
// earlier ones are missing; otherwise the frame is settled with err.
func (c *Core) keepAside(f *oplog.Frame) (wait, error) {
	if c.cfg.Mistakes.Has(mistake.AsideDropped) {
		return 0, nil
	}
	end, _ := c.sealOf(f.Origin)
	a, begun := c.aside[f.Origin]
	if a.head.Seq == 0 {
		h, reached := c.sealedHead(f.Origin, end)
		if !reached {
			return waitGap, nil
		}
		a.base, a.head = end, h
	}
	if f.Last() <= a.head.Seq {
		return 0, nil
	}
	if f.First > a.head.Seq+1 {
		return waitGap, nil
	}
	kept, err := follow(f, &a)
	if err != nil {
		return 0, err
	}
	if !begun || a.who == (crdt.Declaration{}) {
		if a.who, err = c.declarer(f); err != nil {
			return 0, err
		}
	}
	c.aside[f.Origin] = a
	c.batch.set(asideKey(c.cfg.Shard, f.Origin, 0), a.encode(f.Origin))
	if kept.Last() <= a.done {
		return 0, nil // replayed or dropped already
	}
	c.batch.set(asideKey(c.cfg.Shard, f.Origin, kept.Last()), kept.Append(make([]byte, 0, kept.EncodedSize())))
	c.batch.bytes += kept.EncodedSize()
	return 0, nil
}

// follow checks the records of f that follow a's head and moves the head past them. It
// returns the frame of these.
func follow(f *oplog.Frame, a *aside) (*oplog.Frame, error) {
	first := a.head.Seq + 1
	r, err := f.Records(a.head.Seq, a.head.Dep, a.head.Hash)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	if r.Verify() != f.Hash {
		return nil, fmt.Errorf("%w: %v %d…%d, beyond its seal", ErrDiverged, f.Origin, f.First, f.Last())
	}
	for r.More() {
		rec, err := r.Peek()
		if err == nil {
			err = checkBody(clock.Dot{Origin: f.Origin, Seq: rec.Seq}, rec.Body)
		}
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
		}
		r.Advance(rec)
		a.head = store.Head{Origin: f.Origin, Seq: rec.Seq, Hash: r.Hash(), Time: rec.Time, Dep: rec.Dep}
	}
	kept, _ := r.Passed(first)
	return kept, nil
}

// checkBody refuses what no writer can have written; what a newer version wrote is kept.
func checkBody(dot clock.Dot, body []byte) error {
	u, err := crdt.DecodeUpdate(body)
	if errors.Is(err, crdt.ErrUnknownUpdate) {
		return nil
	}
	if err != nil {
		return err
	}
	return u.Check(dot)
}

// declarer returns the node that writes an origin, from its first record or from the store.
func (c *Core) declarer(f *oplog.Frame) (crdt.Declaration, error) {
	if f.First > 1 {
		return c.batch.declared(f.Origin)
	}
	r, err := f.Records(0, clock.VersionVector{}, 0)
	if err != nil {
		return crdt.Declaration{}, err
	}
	rec, err := r.Peek()
	if err != nil {
		return crdt.Declaration{}, err
	}
	if u, err := crdt.DecodeUpdate(rec.Body); err == nil && u.Declare != nil {
		return *u.Declare, nil
	}
	return crdt.Declaration{}, nil
}
