package keyspace

import (
	"bytes"

	"github.com/atollkv/atoll/crdt"
)

// txMember is the net change of one member.
type txMember struct {
	before, after crdt.Member
	add           bool
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
	m, err := tx.cells.member(tx.full(key), member)
	if err != nil || len(m.Dots) == 0 {
		return m, err
	}
	h, gone, err := tx.open(key)
	if gone {
		return crdt.Member{}, err
	}
	m.Hide(h.Hidden)
	return m, err
}

// Members calls fn for the visible members of the set at key from the given one on,
// in byte order, until it returns false. The slice is fn's to keep.
func (tx *Tx) Members(key, from []byte, fn func(member []byte) bool) error {
	h, gone, err := tx.open(key)
	if err != nil || gone {
		return err
	}
	return tx.eachMember(key, from, &h, func(name []byte) bool { return fn(bytes.Clone(name)) })
}

// eachMember merges the cells with what this transaction changed.
func (tx *Tx) eachMember(key, from []byte, h *crdt.Header, fn func([]byte) bool) error {
	var mine map[string]*txMember
	if k := tx.touched(key); k != nil {
		mine = k.members
	}
	o := newOverlay(mine, from, func(name []byte, m *txMember) bool { return !m.after.Live() || fn(name) })
	err := tx.cells.members(tx.full(key), from, func(name []byte, m crdt.Member) bool {
		if o.passes(name) {
			if m.Hide(h.Hidden); m.Live() {
				o.more = o.more && fn(name)
			}
		}
		return o.more
	})
	return o.end(err)
}

var someMember = make([][]byte, 1)

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
	if m.after.Remove(k.ctx); add {
		m.after.Add(tx.write.tag.Dot, k.ctx)
		k.adding++
	}
	k.counts.set.change(was, m.after.Live())
	return tx.claim(key, k)
}

// claim decides what the change of members means for the key's type.
func (tx *Tx) claim(key []byte, k *txKey) error {
	k.change.Unclaim = false
	if k.adding == 0 {
		some, err := tx.holds(key, crdt.TypeSet, &k.after)
		if err != nil {
			return err
		}
		k.change.Unclaim = !some
	}
	tx.apply(k)
	return tx.emptied(key, k)
}
