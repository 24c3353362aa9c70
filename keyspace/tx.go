package keyspace

import (
	"bytes"
	"maps"
	"slices"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/crdt"
)

// Tx is what a command sees of the namespace: the state at one point in time, plus
// what the commands before it in the same transaction did. Its writes become one
// change a key of one update.
type Tx struct {
	cells cells
	// write is nil in a read.
	write *txWrite
}

// txWrite collects the changes of one update.
type txWrite struct {
	tag  crdt.Tag
	ctx  crdt.Context
	keys map[string]*txKey
}

// txKey is one key's net change: before and after, and how to get there.
type txKey struct {
	before, after crdt.Header
	change        crdt.Change
	members       map[string]*txMember
	adding        int // how many of members are adds
	count         count
}

// txMember is the net change of one member.
type txMember struct {
	before, after crdt.Member
	add           bool
}

// Header returns the header of a key.
func (tx *Tx) Header(key []byte) (crdt.Header, error) {
	if k := tx.touched(key); k != nil {
		return k.after, nil
	}
	return tx.cells.header(key)
}

func (tx *Tx) touched(key []byte) *txKey {
	if tx.write == nil {
		return nil
	}
	return tx.write.keys[string(key)]
}

// Type returns the type that the key shows, and its header.
func (tx *Tx) Type(key []byte) (crdt.Type, crdt.Header, error) {
	h, err := tx.Header(key)
	if err != nil {
		return crdt.TypeNone, h, err
	}
	t, err := h.Shown(func(crdt.Type) (bool, error) { return tx.hasMembers(key, &h) })
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

// HasMember reports whether the set at key has the member, in any type shown.
func (tx *Tx) HasMember(key, member []byte) (bool, error) {
	m, err := tx.member(key, member)
	return m.Live(), err
}

func (tx *Tx) member(key, member []byte) (crdt.Member, error) {
	if k := tx.touched(key); k != nil {
		if m := k.members[string(member)]; m != nil {
			return m.after, nil
		}
	}
	m, err := tx.cells.member(key, member)
	if err != nil || len(m.Dots) == 0 {
		return m, err
	}
	h, err := tx.Header(key)
	m.Hide(h.Hidden)
	return m, err
}

// Count returns the number of visible members of the set at key.
func (tx *Tx) Count(key []byte) (int64, error) {
	if k := tx.touched(key); k != nil {
		if !k.count.unknown {
			return k.count.n, nil
		}
	} else if n, ok, err := tx.cells.count(key); err != nil || ok {
		return n, err
	}
	h, err := tx.Header(key)
	if err != nil {
		return 0, err
	}
	var n int64
	err = tx.eachMember(key, nil, &h, func([]byte) bool { n++; return true })
	return n, err
}

func (tx *Tx) hasMembers(key []byte, h *crdt.Header) (bool, error) {
	if k := tx.touched(key); k != nil {
		if !k.count.unknown {
			return k.count.n > 0, nil
		}
	} else if n, ok, err := tx.cells.count(key); err != nil || ok {
		return n > 0, err
	}
	found := false
	err := tx.eachMember(key, nil, h, func([]byte) bool { found = true; return false })
	return found, err
}

// Members calls fn for the visible members of the set at key from the given one on,
// in byte order, until it returns false. The slice is fn's to keep.
func (tx *Tx) Members(key, from []byte, fn func(member []byte) bool) error {
	h, err := tx.Header(key)
	if err != nil {
		return err
	}
	return tx.eachMember(key, from, &h, func(name []byte) bool { return fn(bytes.Clone(name)) })
}

// eachMember merges the cells with what this transaction changed.
func (tx *Tx) eachMember(key, from []byte, h *crdt.Header, fn func([]byte) bool) error {
	var mine []string
	k := tx.touched(key)
	if k != nil {
		for _, name := range slices.Sorted(maps.Keys(k.members)) {
			if name >= string(from) {
				mine = append(mine, name)
			}
		}
	}
	more := true
	before := func(limit []byte) {
		for more && len(mine) > 0 && (limit == nil || mine[0] < string(limit)) {
			if k.members[mine[0]].after.Live() {
				more = fn([]byte(mine[0]))
			}
			mine = mine[1:]
		}
	}
	err := tx.cells.members(key, from, func(name []byte, m crdt.Member) bool {
		before(name)
		if more && len(mine) > 0 && mine[0] == string(name) {
			return true // visited with what the transaction made of it, next time
		}
		if m.Hide(h.Hidden); more && m.Live() {
			more = fn(name)
		}
		return more
	})
	if err == nil {
		before(nil)
	}
	return err
}

// touch begins the change of a key.
func (tx *Tx) touch(key []byte) (*txKey, error) {
	if tx.write == nil {
		return nil, ErrReadOnly
	}
	if k := tx.write.keys[string(key)]; k != nil {
		return k, nil
	}
	h, err := tx.cells.header(key)
	if err != nil {
		return nil, err
	}
	k := &txKey{before: h, after: h, change: crdt.Change{Key: bytes.Clone(key)}}
	if len(h.Claims) > 0 { // else there are no members
		n, ok, err := tx.cells.count(key)
		if err != nil {
			return nil, err
		}
		k.count = count{n, !ok}
	}
	tx.write.keys[string(key)] = k
	return k, nil
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
	k.change = change(&k.before, k.change.Key)
	// What this update itself added is not covered by its context, but is gone as well.
	k.members, k.adding, k.count = nil, 0, count{}
	tx.apply(k)
	return nil
}

func (tx *Tx) apply(k *txKey) {
	c := k.change
	if k.adding > 0 {
		c.Adds = someMember // the header asks only whether there is one
	}
	k.after = k.before
	k.after.Apply(&c, tx.write.tag, tx.write.ctx)
}

var someMember = make([][]byte, 1)

// Increment adds delta to the counter at key.
func (tx *Tx) Increment(key []byte, delta int64) error {
	k, err := tx.touch(key)
	if err != nil {
		return err
	}
	next := k.after.Counter.Increment(delta, tx.write.tag)
	sum := crdt.TotalOf(delta)
	if k.change.Increment != nil {
		sum = sum.Add(k.change.Increment.Delta)
	}
	k.change.Increment = &crdt.Increment{Base: next.Base, Total: next.Total, Delta: sum}
	tx.apply(k)
	return nil
}

// Add adds a member to the set at key, whatever the key shows.
func (tx *Tx) Add(key, member []byte) error {
	return tx.changeMember(key, member, true)
}

// Remove removes a member from the set at key.
func (tx *Tx) Remove(key, member []byte) error {
	return tx.changeMember(key, member, false)
}

func (tx *Tx) changeMember(key, member []byte, add bool) error {
	k, err := tx.touch(key)
	if err != nil {
		return err
	}
	m := k.members[string(member)]
	if m == nil {
		before, err := tx.member(key, member)
		if err != nil {
			return err
		}
		m = &txMember{before: before, after: before}
		if k.members == nil {
			k.members = map[string]*txMember{}
		}
		k.members[string(member)] = m
	}
	was := m.after.Live()
	if m.add {
		k.adding--
	}
	m.after, m.add = m.before, add
	if m.after.Remove(tx.write.ctx); add {
		m.after.Add(tx.write.tag.Dot, tx.write.ctx)
		k.adding++
	}
	k.count.change(was, m.after.Live())
	return tx.claim(key, k)
}

func (c *count) change(was, is bool) {
	switch {
	case is && !was:
		c.n++
	case was && !is:
		c.n--
	}
}

// claim decides what the change of members means for the key's type.
func (tx *Tx) claim(key []byte, k *txKey) error {
	k.change.Unclaim = false
	if k.adding == 0 {
		some, err := tx.hasMembers(key, &k.after)
		if err != nil {
			return err
		}
		k.change.Unclaim = !some
	}
	tx.apply(k)
	return nil
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
	for _, key := range slices.Sorted(maps.Keys(tx.write.keys)) {
		k := tx.write.keys[key]
		for _, name := range slices.Sorted(maps.Keys(k.members)) {
			if k.members[name].add {
				k.change.Adds = append(k.change.Adds, []byte(name))
			} else {
				k.change.Removes = append(k.change.Removes, []byte(name))
			}
		}
		if c := k.change; c.Clear || c.Increment != nil || len(c.Adds)+len(c.Removes) > 0 {
			u.Changes = append(u.Changes, c)
		}
	}
	return u, len(u.Changes) > 0
}
