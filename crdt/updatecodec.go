package crdt

import (
	"bytes"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/internal/namespace"
)

const (
	updateVersion = 1
	hasDeclare    = 1 << 0
	hasCloses     = 1 << 1
	hasRetires    = 1 << 2
	hasFolds      = 1 << 3
	hasReplays    = 1 << 4
	hasFractions  = 1 << 5 // some total is no integer of 128 bits
	hasNames      = 1 << 6 // some key is of another namespace than the default; keys are full keys
	hasFurther    = 1 << 7 // a second byte of flags follows the first, not 0

	furtherOnce  = 1 << 0 // the operation has an id
	furtherKnown = furtherOnce

	changeClear     = 1 << 0
	changeAssign    = 1 << 1
	changeIncrement = 1 << 2
	changeAdds      = 1 << 3
	changeRemoves   = 1 << 4
	changeUnclaim   = 1 << 5
	changeBeyond    = 1 << 6
	changeMore      = 1 << 7 // a second byte of flags follows

	editVoids = 1 << 3 // of fields only; a change has them in its third byte
	editKnown = changeClear | changeAssign | changeIncrement | editVoids

	moreFields      = 1 << 0
	moreUnclaimHash = 1 << 1
	moreScores      = 1 << 2
	moreUnclaimZSet = 1 << 3
	moreThird       = 1 << 7 // a third byte of flags follows
	moreKnown       = 1<<4 - 1 | moreThird | moreExpiry
)

// Append appends the encoding: version, flags, declaration, ends of origins, what it
// replays, uvarint changes, changes.
func (u *Update) Append(b []byte) []byte {
	at := len(b) + 1
	b = append(b, updateVersion, 0)
	if u.Once != nil {
		b[at] |= hasFurther
		b = append(b, furtherOnce)
	}
	if u.Declare != nil {
		b[at] |= hasDeclare
		b = appendBytes(b, []byte(u.Declare.Region))
		b = appendBytes(b, []byte(u.Declare.Node))
	}
	b = u.appendEnds(b, at)
	if u.Replays.Seq > 0 {
		b[at] |= hasReplays
		b = appendDot(b, u.Replays)
	}
	if u.fractions() {
		b[at] |= hasFractions
	}
	if u.Once != nil {
		b = u.Once.appendTo(b)
	}
	names := u.names()
	if names {
		b[at] |= hasNames
	}
	b = appendUvarint(b, uint64(len(u.Changes)))
	for i := range u.Changes {
		b = u.Changes[i].appendTo(b, names)
	}
	return b
}

// fractions tells whether the update has totals that are no integers of 128 bits.
func (u *Update) fractions() bool {
	for i := range u.Changes {
		c := &u.Changes[i]
		edit := c.edit()
		if !edit.each(Total.IsInteger) {
			return true
		}
		for _, list := range [...][]FieldChange{c.Fields, c.Scores, c.Accounts} {
			for i := range list {
				if !list[i].each(Total.IsInteger) {
					return true
				}
			}
		}
	}
	return false
}

// names tells whether a key of the update is of another namespace than the default. Only then are keys written as full
// keys: what one makes who knows of no namespaces is written, and read, as ever.
func (u *Update) names() bool {
	for i := range u.Changes {
		if namespace.Names(u.Changes[i].Key) {
			return true
		}
	}
	return false
}

func (c *Change) appendTo(b []byte, names bool) []byte {
	key := c.Key
	if !names {
		_, key = namespace.Cut(key)
	}
	b = appendBytes(b, key)
	at := len(b)
	edit := c.edit()
	b = edit.appendTo(b)
	if len(c.Adds) > 0 {
		b[at] |= changeAdds
		b = appendMembers(b, c.Adds)
	}
	if len(c.Removes) > 0 {
		b[at] |= changeRemoves
		b = appendMembers(b, c.Removes)
	}
	if c.Unclaim {
		b[at] |= changeUnclaim
	}
	if c.Beyond.Len() > 0 {
		b[at] |= changeBeyond
		b = c.Beyond.Append(b)
	}
	if c.hasMore() {
		b[at] |= changeMore
		b = c.appendMore(b)
	}
	return b
}

// appendTo appends flags, and the parts that they name.
func (e *Edit) appendTo(b []byte) []byte {
	at := len(b)
	b = append(b, 0)
	if e.Clear {
		b[at] |= changeClear
		b = appendUvarint(b, uint64(len(e.Floors)))
		for _, f := range e.Floors {
			b = appendFloor(b, f)
		}
	}
	if e.Assign {
		b[at] |= changeAssign
		b = appendBytes(b, e.Value)
	}
	if e.Increment != nil {
		b[at] |= changeIncrement
		b = appendUvarint(b, uint64(e.Increment.Base))
		b = e.Increment.Total.appendTo(b)
		b = e.Increment.Delta.appendTo(b)
	}
	return b
}

func appendMembers(b []byte, list [][]byte) []byte {
	b = appendUvarint(b, uint64(len(list)))
	for _, m := range list {
		b = appendBytes(b, m)
	}
	return b
}

// DecodeUpdate reads what Append wrote; the result shares b. It returns an error that
// matches ErrUnknownUpdate when a newer version wrote b, else one that matches
// ErrMalformed.
func DecodeUpdate(b []byte) (Update, error) {
	d := decoder{b: b}
	version, flags := d.byte(), d.byte()
	if d.err == nil && version != updateVersion {
		return Update{}, ErrUnknownUpdate
	}
	var further byte
	if flags&hasFurther != 0 {
		if further = d.byte(); further&^furtherKnown != 0 {
			return Update{}, ErrUnknownUpdate
		}
		d.need(further != 0)
	}
	var u Update
	if flags&hasDeclare != 0 {
		u.Declare = &Declaration{Region: string(d.bytes()), Node: string(d.bytes())}
	}
	d.ends(&u, flags)
	if flags&hasReplays != 0 {
		u.Replays = d.dot()
		d.need(u.Replays.Seq > 0)
	}
	if further&furtherOnce != 0 {
		var known bool
		if u.Once, known = d.once(); !known {
			return Update{}, ErrUnknownUpdate
		}
	}
	n := d.count(2)
	if n > 0 {
		u.Changes = make([]Change, 0, n)
	}
	for range n {
		c, known := d.change(flags&hasNames != 0)
		if !known {
			return Update{}, ErrUnknownUpdate
		}
		if k := len(u.Changes); k > 0 && bytes.Compare(u.Changes[k-1].Key, c.Key) >= 0 {
			d.fail("changes not in order")
		}
		u.Changes = append(u.Changes, c)
		if d.err != nil {
			break
		}
	}
	if d.err == nil && u.fractions() != (flags&hasFractions != 0) {
		d.fail("fractions not announced")
	}
	if d.err == nil && u.names() != (flags&hasNames != 0) {
		d.fail("namespaces not announced")
	}
	return u, d.end()
}

func (d *decoder) change(names bool) (c Change, known bool) {
	c.Key = d.key(names)
	flags := d.byte()
	c.setEdit(d.edit(flags))
	if flags&changeAdds != 0 {
		c.Adds = d.members()
	}
	if flags&changeRemoves != 0 {
		c.Removes = d.members()
	}
	c.Unclaim = flags&changeUnclaim != 0
	if flags&changeBeyond != 0 {
		c.Beyond = d.vector()
		d.need(c.Beyond.Len() > 0)
	}
	known = true
	if flags&changeMore != 0 {
		known = d.more(&c)
	}
	return c, known
}

// setEdit is the inverse of edit, but for the deadlines.
func (c *Change) setEdit(e Edit) {
	c.Clear, c.Floors, c.Assign, c.Value, c.Increment, c.Voids = e.Clear, e.Floors, e.Assign, e.Value, e.Increment, e.Voids
}

// key reads a full key, or the key of the default namespace that one who writes no names has.
func (d *decoder) key(names bool) []byte {
	key := d.bytes()
	if !names {
		return namespace.Default.Key(key)
	}
	if d.err == nil && !namespace.Check(key) {
		d.fail("key %.80x in no namespace", key)
	}
	return key
}

// edit reads the parts that flags name.
func (d *decoder) edit(flags byte) (e Edit) {
	if flags&changeClear != 0 {
		e.Clear = true
		n := d.count(dotBytesMin + 1)
		if n > clock.MaxVectorEntries {
			d.fail("%d floors", n)
			n = 0
		}
		for range n {
			f := d.floor()
			if k := len(e.Floors); k > 0 && e.Floors[k-1].Origin >= f.Origin {
				d.fail("floors not in order")
			}
			e.Floors = append(e.Floors, f)
		}
	}
	if flags&changeAssign != 0 {
		e.Assign, e.Value = true, d.bytes()
	}
	if flags&changeIncrement != 0 {
		e.Increment = d.increment()
	}
	return e
}

func (d *decoder) increment() *Increment {
	inc := &Increment{Base: clock.Seq(d.uvarint()), Total: d.total(), Delta: d.total()}
	if inc.Base == 0 {
		d.fail("bad increment")
	}
	return inc
}

func (d *decoder) members() [][]byte {
	n := d.count(1)
	if n == 0 {
		d.fail("empty member list")
		return nil
	}
	list := make([][]byte, 0, n)
	for range n {
		m := d.bytes()
		if k := len(list); k > 0 && bytes.Compare(list[k-1], m) >= 0 {
			d.fail("members not in order")
		}
		list = append(list, m)
	}
	return list
}
