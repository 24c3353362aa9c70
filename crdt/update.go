package crdt

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/internal/namespace"
)

// ErrUnknownUpdate reports a record of a later version of the format. It must be kept
// and relayed, and applied after an upgrade; it must not be skipped.
var ErrUnknownUpdate = errors.New("update of a newer version")

// Update is the body of one record: all that one command or transaction changed.
// It is applied whole.
type Update struct {
	// Declare is set in the first record of an origin.
	Declare *Declaration
	// Closes are earlier origins of the writer's node, ascending: they will have no more
	// updates than their node has.
	Closes []clock.Origin
	// Retires are origins that every member has seen to their end, ascending.
	Retires []Retire
	// Folds are retired origins, ascending, whose counter shards every replica may fold
	// from here on: every member has seen them retired.
	Folds []clock.Origin
	// Replays names the update, kept aside, that this one issues again; its Seq is 0 when
	// there is none.
	Replays clock.Dot
	// Once names the operation that the update carries out, if it may be sent again.
	Once *Once
	// Changes ascend by key; each key has one.
	Changes []Change
}

// Declaration says which node took an origin.
type Declaration struct {
	Region, Node string
}

// Retire ends an origin of the writer's node at its update Seal.
type Retire struct {
	Origin clock.Origin
	Seal   clock.Seq
	// Hash is the chain hash at Seal.
	Hash uint64
}

// Change is what an update does to one key. Its parts apply in the order of the
// fields: a deletion does not take what the same update adds.
type Change struct {
	// Key is a full key: it tells its namespace, see package namespace.
	Key []byte
	// Beyond is what the writer had seen of this key beyond the record's context: while
	// it took over another replica's state, some keys ran ahead of its version vector.
	Beyond clock.VersionVector
	// Clear removes everything of the key that the writer had seen, of every type.
	Clear bool
	// Floors are, with Clear, the increments that the writer had seen.
	Floors []Floor
	// Assign writes Value into the register.
	Assign bool
	Value  []byte
	// Increment replaces the writer's shard of the counter.
	Increment *Increment
	// Voids are increments of the counter that do not count, ascending. The writer had seen them.
	Voids []Void
	// Adds and Removes are members, ascending, none in both.
	Adds, Removes [][]byte
	// Unclaim says that the writer saw the set become empty.
	Unclaim bool
	// Fields are changes of fields of a hash, ascending by name, one a field.
	Fields []FieldChange
	// UnclaimHash says that the writer saw the hash become empty.
	UnclaimHash bool
	// Scores are changes of members of a sorted set, ascending by name, one a member; the
	// values that they assign are scores as Score encodes them.
	Scores []FieldChange
	// UnclaimZSet says that the writer saw the sorted set become empty.
	UnclaimZSet bool
	// Items are changes of elements of a list, ascending by position, which is their name, one
	// an element.
	Items []FieldChange
	// UnclaimList says that the writer saw the list become empty.
	UnclaimList bool
	// Entries are changes of the cells of a stream, ascending by name, one a cell.
	Entries []FieldChange
	// Accounts are changes of the cells of a bounded counter, ascending by name, one a cell.
	Accounts []FieldChange
	// Ranks are written to registers of a HyperLogLog, ascending by name, one a register.
	Ranks []FieldChange
	// Groups are changes of the cells of the groups of a stream, ascending by name, one a cell.
	Groups []FieldChange
	// Expiry changes the deadlines, if it is not nil.
	Expiry *Expiry
}

// Increment carries a shard of a counter: see Shard. Delta is what the update added,
// for readers of the log; merging uses the absolute Total.
type Increment struct {
	Base  clock.Seq
	Total Total
	Delta Total
}

// Check refuses what no writer with the update's dot can have written. It returns an
// error that matches ErrMalformed.
func (u *Update) Check(dot clock.Dot) error {
	if u.Declare != nil && dot.Seq != 1 {
		return fmt.Errorf("%w: %v declares a node, only the first record may", ErrMalformed, dot)
	}
	if u.Replays.Seq > 0 && u.Replays.Origin == dot.Origin {
		return fmt.Errorf("%w: %v replays its own origin", ErrMalformed, dot)
	}
	if err := u.checkEnds(dot); err != nil {
		return err
	}
	if err := u.checkOnce(dot); err != nil {
		return err
	}
	for i := range u.Changes {
		c := &u.Changes[i]
		if err := c.checkVoids(dot); err != nil {
			return err
		}
		if c.Beyond.Get(dot.Origin) > 0 {
			return fmt.Errorf("%w: %v names its own origin as seen beyond its context", ErrMalformed, dot)
		}
		edit := c.edit()
		if err := edit.check(dot); err != nil {
			return err
		}
		for _, list := range [][]FieldChange{c.Fields, c.Scores} {
			for i := range list {
				if err := list[i].check(dot); err != nil {
					return err
				}
			}
		}
		for i := range c.Entries {
			if err := c.Entries[i].checkEntry(); err != nil {
				return err
			}
		}
		for i := range c.Groups {
			if err := c.Groups[i].checkGroup(); err != nil {
				return err
			}
		}
		for i := range c.Ranks {
			if err := c.Ranks[i].checkSketch(); err != nil {
				return err
			}
		}
		for i := range c.Accounts {
			if err := c.Accounts[i].checkAccount(dot, u.Replays.Seq > 0); err != nil {
				return err
			}
		}
		for i := range c.Items {
			if err := c.Items[i].checkItem(dot); err != nil {
				return err
			}
		}
	}
	return nil
}

func (e *Edit) check(dot clock.Dot) error {
	if e.Increment != nil && e.Increment.Base > dot.Seq {
		return fmt.Errorf("%w: counter life begins at %d, after %v", ErrMalformed, e.Increment.Base, dot)
	}
	for _, f := range e.Floors {
		if f.Origin == dot.Origin && f.Seq >= dot.Seq {
			return fmt.Errorf("%w: reset by %v of its own future", ErrMalformed, dot)
		}
	}
	if !e.each(Total.inRange) {
		return fmt.Errorf("%w: number of %v out of range", ErrMalformed, dot)
	}
	return nil
}

// each tells whether all totals of the edit pass.
func (e *Edit) each(pass func(Total) bool) bool {
	if e.Increment != nil && (!pass(e.Increment.Total) || !pass(e.Increment.Delta)) {
		return false
	}
	for _, f := range e.Floors {
		if !pass(f.Total) {
			return false
		}
	}
	for _, v := range e.Voids {
		if !pass(v.Delta) {
			return false
		}
	}
	return true
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

// edit returns what the change does to the key's string.
func (c *Change) edit() Edit {
	return Edit{c.Clear, c.Floors, c.Assign, c.Value, c.Increment, c.Voids, c.Expiry}
}

// setEdit is the inverse of edit, but for the deadlines.
func (c *Change) setEdit(e Edit) {
	c.Clear, c.Floors, c.Assign, c.Value, c.Increment, c.Voids = e.Clear, e.Floors, e.Assign, e.Value, e.Increment, e.Voids
}

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
