package keyspace

import (
	"time"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/internal/namespace"
	"github.com/atollkv/atoll/store"
)

// Tx is what a command sees of the namespace: the state at one point in time, plus
// what the commands before it in the same transaction did. Its writes become one
// change a key of one update.
type Tx struct {
	cells cells
	space namespace.Name // of keys; see txspace.go
	// hlc tells the present, up to ahead in front of the physical time; now is what it told at the first
	// question, in Unix milliseconds.
	hlc   *clock.HLC
	ahead time.Duration
	now   int64
	last  opened
	// write is nil in a read.
	write *txWrite
	// sizes counts the keys of namespaces; nil in a write.
	sizes *sizing
	// shard is that of a read.
	shard store.ShardID
	self  crdt.Declaration
	// watches is nil outside the commit loop.
	watches   *watches
	conflicts *conflicts
	// applied is what the state contains, and arrivals what of it came lately.
	applied       clock.VersionVector
	arrivals      *arrivals
	roundsTrusted bool // a planted mistake
	// events are what the commands did, where noting; missing: also what reads did not find.
	events          []Event
	noting, missing bool
	// countEnded is a planted mistake.
	countEnded bool
}

// txWrite collects the changes of one update.
type txWrite struct {
	tag  crdt.Tag
	ctx  crdt.Context
	keys txKeys
	// changes is memory for those of the update.
	changes []crdt.Change
	// beyond returns what the state of a key, a full one, contains beyond ctx; whole is false while
	// that differs from cell to cell.
	beyond func(key []byte) (v clock.VersionVector, whole bool)
	// lates are the entries that came late: see late.go.
	lates func(key, group []byte, fn func(cell, name []byte) bool) error
	// origins tells who they are.
	origins origins
	// once names the operation that the update carries out, if it has a name.
	once *crdt.Once
	// keepEnded, anyRights, anyID and passPending are planted mistakes.
	keepEnded, anyRights, anyID, passPending bool
}

// txKey is one key's net change: before and after, and how to get there.
type txKey struct {
	before, after crdt.Header
	existed       bool // it showed something when it was last noted what became of it; false where nothing is noted
	fieldEnded    bool // it was noted that a field had ended
	asStored      bool // what has ended of it stays until it is deleted by name, and so do its deadlines
	ctx           crdt.Context
	change        crdt.Change
	members       map[string]*txMember
	adding        int      // how many of members are adds
	fields        txFields // of a hash
	scores        txFields // of a sorted set
	items         txItems  // of a list
	entries       txFields // of a stream
	accounts      txFields // of a bounded counter
	ranks         txFields // of a HyperLogLog
	groups        txFields // of a stream
	counts        txCounts
}

// txCounts are the numbers of visible elements.
type txCounts struct{ set, hash, zset, list, stream, bounded, sketch, groups count }

func (n *txCounts) of(t crdt.Type) *count {
	switch t {
	case crdt.TypeHash:
		return &n.hash
	case crdt.TypeZSet:
		return &n.zset
	case crdt.TypeList:
		return &n.list
	case crdt.TypeStream:
		return &n.stream
	case crdt.TypeBounded:
		return &n.bounded
	case crdt.TypeSketch:
		return &n.sketch
	case crdt.TypeGroups:
		return &n.groups
	default:
		return &n.set
	}
}

// Header returns the header of a key; that of a key that has ended is empty.
func (tx *Tx) Header(key []byte) (crdt.Header, error) {
	h, gone, err := tx.open(key)
	if gone {
		return crdt.Header{}, err
	}
	return h, err
}

func (tx *Tx) touched(key []byte) *txKey {
	if tx.write == nil {
		return nil
	}
	return tx.write.keys.of(tx.full(key))
}

// Type returns the type that the key shows, and its header.
func (tx *Tx) Type(key []byte) (crdt.Type, crdt.Header, error) {
	h, gone, err := tx.open(key)
	if err != nil || gone {
		return crdt.TypeNone, crdt.Header{}, err
	}
	t, err := h.Shown(func(t crdt.Type) (bool, error) { return tx.holds(key, t, &h) })
	return t, h, err
}

// Expect returns the header of a key that must show type t or nothing; found is false
// when it shows nothing. The error is ErrWrongType otherwise.
func (tx *Tx) Expect(key []byte, t crdt.Type) (h crdt.Header, found bool, err error) {
	shown, h, err := tx.Type(key)
	switch {
	case err != nil:
		return h, false, err
	case shown != t && shown != crdt.TypeNone:
		return h, false, ErrWrongType
	default:
		return h, shown == t, nil
	}
}

// Count returns the number of visible members of the set, or fields of the hash, at key.
func (tx *Tx) Count(key []byte, t crdt.Type) (int64, error) {
	if gone, err := tx.ended(key); err != nil || gone {
		return 0, err
	}
	n, known, err := tx.counted(key, t)
	if err != nil || known && !(t == crdt.TypeHash && tx.fieldsEnd(key)) {
		return n, err
	}
	h, err := tx.Header(key)
	if err != nil {
		return 0, err
	}
	if known {
		ended, err := tx.endedFields(key, &h)
		return n - ended, err
	}
	n = 0
	err = tx.eachElement(key, t, &h, func() bool { n++; return true })
	return n, err
}

// fieldsEnd tells whether fields of the hash at a key that was opened may have deadlines.
func (tx *Tx) fieldsEnd(key []byte) bool {
	if k := tx.touched(key); k != nil {
		return fieldsMayEnd(crdt.TypeHash, &k.after)
	}
	return tx.last.ends
}

// counted returns how many elements are stored, those that have ended included.
func (tx *Tx) counted(key []byte, t crdt.Type) (n int64, known bool, err error) {
	if k := tx.touched(key); k != nil {
		n := k.counts.of(t)
		return n.n, !n.unknown, nil
	}
	return tx.cells.count(tx.full(key), t)
}

// holds reports whether a collection has a visible element.
func (tx *Tx) holds(key []byte, t crdt.Type, h *crdt.Header) (bool, error) {
	if t == crdt.TypeBounded {
		return tx.defined(key, h)
	}
	n, known, err := tx.counted(key, t)
	if err == nil && known && n > 0 && fieldsMayEnd(t, h) {
		var ended int64
		ended, err = tx.endedFields(key, h)
		n -= ended
	}
	if err != nil || known {
		return n > 0, err
	}
	found := false
	err = tx.eachElement(key, t, h, func() bool { found = true; return false })
	return found, err
}

// eachElement calls fn for each visible element of a collection until it returns false.
func (tx *Tx) eachElement(key []byte, t crdt.Type, h *crdt.Header, fn func() bool) error {
	if t != crdt.TypeSet {
		return tx.eachField(key, t, nil, h, func([]byte, *crdt.Field) bool { return fn() })
	}
	return tx.eachMember(key, nil, h, func([]byte) bool { return fn() })
}

// touch begins the change of a key, with the deletion of one that has ended.
func (tx *Tx) touch(key []byte) (*txKey, error) {
	if k := tx.touched(key); k != nil {
		return k, nil
	}
	k, gone, err := tx.touchAsStored(key)
	if err != nil || !gone || tx.write.keepEnded {
		return k, err
	}
	if tx.noting {
		if err := tx.noteEnd(key, &k.before); err != nil {
			return nil, err
		}
	}
	return k, tx.restart(key, k, (*crdt.Header).Deletion)
}

// touchAsStored is touch of a key that was not touched before and stays as it is, though it may have ended.
func (tx *Tx) touchAsStored(key []byte) (k *txKey, gone bool, err error) {
	if tx.write == nil {
		return nil, false, ErrReadOnly
	}
	full := tx.full(key)
	beyond, whole := tx.write.beyond(full)
	if !whole {
		return nil, false, ErrBusy
	}
	h, gone, err := tx.open(key)
	if err != nil {
		return nil, false, err
	}
	existed := false
	if tx.noting && !gone {
		t, _, err := tx.Type(key)
		if err != nil {
			return nil, false, err
		}
		existed = t != crdt.TypeNone
	}
	counts := txCounts{}
	for _, t := range crdt.Collections {
		if _, claimed := h.Claimed(t); !claimed {
			continue // there are no elements
		}
		n, ok, err := tx.cells.count(tx.full(key), t)
		if err != nil {
			return nil, false, err
		}
		*counts.of(t) = count{n, !ok}
	}
	k = tx.write.keys.add(full)
	k.existed, k.before, k.after, k.ctx, k.counts = existed, h, h, tx.write.ctx.With(beyond), counts
	k.change.Beyond = beyond
	return k, gone, nil
}

// Delete removes everything that the key holds, of every type.
func (tx *Tx) Delete(key []byte) error { return tx.replace(key, (*crdt.Header).Deletion) }

// Assign replaces everything that the key holds by a string.
func (tx *Tx) Assign(key, value []byte) error {
	return tx.replace(key, func(h *crdt.Header, key []byte) crdt.Change { return h.Assignment(key, value) })
}

func (tx *Tx) replace(key []byte, change func(*crdt.Header, []byte) crdt.Change) error {
	k, err := tx.touch(key)
	if err != nil {
		return err
	}
	return tx.restart(key, k, change)
}

// restart begins the change of a key anew, with one that takes all that was there.
func (tx *Tx) restart(key []byte, k *txKey, change func(*crdt.Header, []byte) crdt.Change) error {
	beyond := k.change.Beyond
	k.change = change(&k.before, k.change.Key)
	k.change.Beyond = beyond
	// What this update itself added is not covered by its context, but is gone as well.
	k.members, k.adding, k.counts = nil, 0, txCounts{}
	for _, t := range fieldTypes {
		if err := tx.clearFields(key, k, t); err != nil {
			return err
		}
	}
	tx.apply(k)
	return nil
}

func (tx *Tx) apply(k *txKey) {
	c := k.change
	if k.adding > 0 {
		c.Adds = someMember // the header asks only whether there is one
	}
	c.Fields, c.Scores, c.Items = k.fields.some(), k.scores.some(), k.items.some()
	c.Entries, c.Accounts, c.Ranks, c.Groups = k.entries.some(), k.accounts.some(), k.ranks.some(), k.groups.some()
	k.after = k.before
	k.after.Apply(&c, tx.write.tag, k.ctx)
}

// Increment adds delta to the counter at key.
func (tx *Tx) Increment(key []byte, delta crdt.Total) error {
	k, err := tx.touch(key)
	if err != nil {
		return err
	}
	edit := crdt.Edit{Increment: k.change.Increment}
	edit.Add(&k.after.Counter, delta, tx.write.tag)
	k.change.Increment = edit.Increment
	tx.apply(k)
	return nil
}

func (c *count) change(was, is bool) {
	switch {
	case is && !was:
		c.n++
	case was && !is:
		c.n--
	}
}

// Declared returns the node that declared an origin.
func (tx *Tx) Declared(o clock.Origin) (crdt.Declaration, error) { return tx.cells.declared(o) }

// update returns the update that the transaction makes, or false when it changes
// nothing.
func (tx *Tx) update() (crdt.Update, bool) {
	var u crdt.Update
	if tx.write == nil {
		return u, false
	}
	u.Changes = tx.write.changes[:0]
	for _, k := range tx.write.keys.sorted() {
		for _, name := range sortedKeys(k.members) {
			if k.members[name].add {
				k.change.Adds = append(k.change.Adds, []byte(name))
			} else {
				k.change.Removes = append(k.change.Removes, []byte(name))
			}
		}
		k.change.Fields, k.change.Scores, k.change.Items = k.fields.changes(), k.scores.changes(), k.items.changes()
		k.change.Entries, k.change.Accounts, k.change.Ranks = k.entries.changes(), k.accounts.changes(), k.ranks.changes()
		k.change.Groups = k.groups.changes()
		if c := &k.change; c.Clear || c.Increment != nil || len(c.Voids) > 0 || c.Expiry != nil || len(c.Adds)+len(c.Removes)+len(c.Fields)+len(c.Scores)+len(c.Items)+len(c.Entries)+len(c.Accounts)+len(c.Ranks)+len(c.Groups) > 0 {
			u.Changes = append(u.Changes, *c)
		}
	}
	tx.write.changes = u.Changes
	return u, len(u.Changes) > 0
}
