package keyspace

import (
	"encoding/binary"
	"fmt"
	"maps"
	"slices"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/store"
)

// A transfer takes over what its donor knows of ended origins. The donor's heads name
// retired origins as well, up to their seals, so that while cells are merged its vector
// tells by itself what it covers.

// endsPart is where a pass keeps what its donor knew, among the parts of its state.
const endsPart = 9

// foldsPart is where the foldings that all donors knew are kept while cells run ahead.
const foldsPart = 10

// maxEnds bounds the ended origins that one transfer names.
const maxEnds = 1 << 20

// head returns the head that a retired origin would have.
func (x *retiredOrigin) head(o clock.Origin) store.Head {
	return store.Head{Origin: o, Seq: x.seal, Hash: x.hash, Time: x.at}
}

// addRetired adds the heads of retired origins.
func (e *ends) addRetired(heads map[clock.Origin]store.Head) map[clock.Origin]store.Head {
	for _, o := range slices.Sorted(maps.Keys(e.retired)) {
		heads[o] = e.retired[o].head(o)
	}
	return heads
}

// encodeAll returns uvarint origins, each origin u64 and what is stored of it as uvarint
// length and bytes, ascending.
func (e *ends) encodeAll() []byte {
	b := appendUvarint(nil, uint64(len(e.closed)+len(e.retired)))
	for _, o := range slices.Sorted(maps.Keys(e.closed)) {
		b = appendBytes(binary.BigEndian.AppendUint64(b, uint64(o)), e.closed[o].encode())
	}
	for _, o := range slices.Sorted(maps.Keys(e.retired)) {
		b = appendBytes(binary.BigEndian.AppendUint64(b, uint64(o)), e.retired[o].encode())
	}
	return b
}

// decodeEnds reads what encodeAll wrote, and foldings after it; nothing is no ends.
func decodeEnds(b []byte) (ends, error) {
	e := newEnds()
	if len(b) == 0 {
		return e, nil
	}
	n, b, err := clock.Uvarint(b)
	if err != nil || n > maxEnds {
		return e, fmt.Errorf("%w: %d ended origins", ErrMalformed, n)
	}
	for range n {
		if len(b) < 8 {
			return e, fmt.Errorf("%w: ended origins are cut short", ErrMalformed)
		}
		o := clock.Origin(binary.BigEndian.Uint64(b))
		var value []byte
		if value, b, err = takeBytes(b[8:]); err != nil {
			return e, err
		}
		if err := e.decode(o, value); err != nil {
			return e, fmt.Errorf("%w: end of %v: %w", ErrMalformed, o, err)
		}
	}
	list, b, err := takeFoldings(b)
	if err == nil && len(b) > 0 {
		err = fmt.Errorf("%w: %d bytes after the ended origins", ErrMalformed, len(b))
	}
	e.folds = e.folds.With(append(list, e.foldings()...)...)
	return e, err
}

// checkEnds refuses a donor that holds other ends of the same origins.
func (c *Core) checkEnds(b TransferBegin) (ends, error) {
	theirs, err := decodeEnds(b.Ends)
	if err != nil {
		return theirs, err
	}
	for _, o := range slices.Sorted(maps.Keys(theirs.retired)) {
		x, mine := theirs.retired[o], c.ends.retired[o]
		if mine != nil && mine.seal != x.seal || c.heads[o].Seq > x.seal {
			return theirs, fmt.Errorf("%w: the donor has %v retired at %d", ErrSealed, o, x.seal)
		}
	}
	// Pools of which each side holds something that the other does not know cannot be told
	// apart. Only copies of one node that both decide can make such.
	v, all := vectorOf(b.Heads), theirs.folds.With(c.knownFolds().All()...)
	for _, id := range all.Pools() {
		if all.Beyond(id, v, c.vv) && all.Beyond(id, c.vv, v) {
			return theirs, fmt.Errorf("%w: the donor has folded other origins of a node", ErrSealed)
		}
	}
	return theirs, nil
}

// noteFolds remembers what a donor has folded while cells may run ahead.
func (c *Core) noteFolds(theirs ends) {
	c.transfer.folds = c.transfer.folds.With(theirs.folds.All()...)
	c.batch.set(transferKey(c.cfg.Shard, foldsPart), appendFoldings(nil, c.transfer.folds.All()))
}

// knownEnds returns what the donor of the pass knew.
func (c *Core) knownEnds() (ends, error) {
	key := transferKey(c.cfg.Shard, endsPart)
	if b, open := c.batch.extra[string(key)]; open {
		return decodeEnds(b)
	}
	b, err := c.batch.raw().Get(key)
	if err != nil {
		return ends{}, err
	}
	return decodeEnds(b)
}

// adoptEnds takes over the ends that this shard now has seen. What the donors had seen is
// not kept aside there.
func (c *Core) adoptEnds(theirs ends, donors crdt.Context) {
	e := &c.ends
	for _, o := range slices.Sorted(maps.Keys(theirs.closed)) {
		x := theirs.closed[o]
		if e.retired[o] == nil && e.closed[o] == nil && slices.ContainsFunc(x.by, c.vv.Covers) {
			e.closed[o] = x
			c.batch.set(endKey(c.cfg.Shard, o), x.encode())
		}
	}
	// All at once: what retired one origin may be an update of another.
	var list []clock.Retirement
	for _, o := range slices.Sorted(maps.Keys(theirs.retired)) {
		x := theirs.retired[o]
		list = append(list, clock.Retirement{Origin: o, Seal: x.seal, By: x.by})
	}
	if len(list) == 0 {
		return
	}
	vv := c.vv.Under(e.table.With(list...))
	folded := e.foldings()
	for _, r := range list {
		if !slices.ContainsFunc(r.By, vv.Covers) {
			continue
		}
		c.adopt(r, theirs.retired[r.Origin])
	}
	e.pending, e.table, e.folds = nil, nil, nil
	e.rebuild()
	c.batch.below.retired = e.table
	c.batch.forget()
	c.foldCounters()
	c.vv = c.vv.Carry(nil).Under(e.table)
	before := crdt.Folded((*crdt.Folds)(nil).With(folded...).Get)
	for _, f := range e.foldings() {
		if _, known := before(f.Origin); !known {
			c.checkOwn(f.Origin, e.retired[f.Origin], donors)
		}
	}
}

// adopt takes over one retired origin.
func (c *Core) adopt(r clock.Retirement, x *retiredOrigin) {
	if mine := c.ends.retired[r.Origin]; mine != nil {
		x.by = mergeDots(x.by, mine.by...)
		if mine.folded() {
			x.pool, x.foldBy = mine.pool, mergeDots(x.foldBy, mine.foldBy...)
		}
	}
	c.ends.retired[r.Origin] = x
	delete(c.ends.closed, r.Origin)
	delete(c.heads, r.Origin)
	delete(c.batch.heads, r.Origin)
	c.batch.retired = append(c.batch.retired, r.Origin)
	c.batch.set(endKey(c.cfg.Shard, r.Origin), x.encode())
	for w := c.gate.first(r.Origin); w != nil; w = c.gate.first(r.Origin) {
		_, err := c.ends.judge(w.frame)
		c.gate.drop(r.Origin, err)
	}
}
