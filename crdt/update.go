package crdt

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	"github.com/atollkv/atoll/clock"
)

// ErrUnknownUpdate reports a record of a later version of the format. It must be kept
// and relayed, and applied after an upgrade; it must not be skipped.
var ErrUnknownUpdate = errors.New("update of a newer version")

// Update is the body of one record: all that one command or transaction changed.
// It is applied whole.
type Update struct {
	// Declare is set in the first record of an origin.
	Declare *Declaration
	// Changes ascend by key; each key has one.
	Changes []Change
}

// Declaration says which node took an origin.
type Declaration struct {
	Region, Node string
}

// Change is what an update does to one key. Its parts apply in the order of the
// fields: a deletion does not take what the same update adds.
type Change struct {
	Key []byte
	// Clear removes everything of the key that the writer had seen, of every type.
	Clear bool
	// Floors are, with Clear, the increments that the writer had seen.
	Floors []Floor
	// Assign writes Value into the register.
	Assign bool
	Value  []byte
	// Increment replaces the writer's shard of the counter.
	Increment *Increment
	// Adds and Removes are members, ascending, none in both.
	Adds, Removes [][]byte
	// Unclaim says that the writer saw the set become empty.
	Unclaim bool
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
	for i := range u.Changes {
		c := &u.Changes[i]
		if c.Increment != nil && c.Increment.Base > dot.Seq {
			return fmt.Errorf("%w: counter life begins at %d, after %v", ErrMalformed, c.Increment.Base, dot)
		}
		for _, f := range c.Floors {
			if f.Origin == dot.Origin && f.Seq >= dot.Seq {
				return fmt.Errorf("%w: reset by %v of its own future", ErrMalformed, dot)
			}
		}
	}
	return nil
}

const (
	updateVersion = 1
	hasDeclare    = 1 << 0

	changeClear     = 1 << 0
	changeAssign    = 1 << 1
	changeIncrement = 1 << 2
	changeAdds      = 1 << 3
	changeRemoves   = 1 << 4
	changeUnclaim   = 1 << 5
	changeKnown     = 1<<6 - 1
)

// Append appends the encoding: version, flags, declaration, uvarint changes, changes.
func (u *Update) Append(b []byte) []byte {
	b = append(b, updateVersion)
	if u.Declare == nil {
		b = append(b, 0)
	} else {
		b = append(b, hasDeclare)
		b = appendBytes(b, []byte(u.Declare.Region))
		b = appendBytes(b, []byte(u.Declare.Node))
	}
	b = appendUvarint(b, uint64(len(u.Changes)))
	for i := range u.Changes {
		b = u.Changes[i].appendTo(b)
	}
	return b
}

func (c *Change) appendTo(b []byte) []byte {
	b = appendBytes(b, c.Key)
	at := len(b)
	b = append(b, 0)
	if c.Clear {
		b[at] |= changeClear
		b = appendUvarint(b, uint64(len(c.Floors)))
		for _, f := range c.Floors {
			b = appendFloor(b, f)
		}
	}
	if c.Assign {
		b[at] |= changeAssign
		b = appendBytes(b, c.Value)
	}
	if c.Increment != nil {
		b[at] |= changeIncrement
		b = appendUvarint(b, uint64(c.Increment.Base))
		b = c.Increment.Total.appendTo(b)
		b = c.Increment.Delta.appendTo(b)
	}
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
	if d.err == nil && (version != updateVersion || flags&^hasDeclare != 0) {
		return Update{}, ErrUnknownUpdate
	}
	var u Update
	if flags&hasDeclare != 0 {
		u.Declare = &Declaration{Region: string(d.bytes()), Node: string(d.bytes())}
	}
	n := d.count(2)
	if n > 0 {
		u.Changes = make([]Change, 0, n)
	}
	for range n {
		c, known := d.change()
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
	return u, d.end()
}

func (d *decoder) change() (c Change, known bool) {
	c.Key = d.bytes()
	flags := d.byte()
	if flags&^changeKnown != 0 {
		return c, false
	}
	if flags&changeClear != 0 {
		c.Clear = true
		n := d.count(dotBytesMin + 1)
		if n > clock.MaxVectorEntries {
			d.fail("%d floors", n)
			n = 0
		}
		for range n {
			f := d.floor()
			if k := len(c.Floors); k > 0 && c.Floors[k-1].Origin >= f.Origin {
				d.fail("floors not in order")
			}
			c.Floors = append(c.Floors, f)
		}
	}
	if flags&changeAssign != 0 {
		c.Assign, c.Value = true, d.bytes()
	}
	if flags&changeIncrement != 0 {
		c.Increment = d.increment()
	}
	if flags&changeAdds != 0 {
		c.Adds = d.members()
	}
	if flags&changeRemoves != 0 {
		c.Removes = d.members()
	}
	c.Unclaim = flags&changeUnclaim != 0
	return c, true
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

// SortMembers sorts members and drops duplicates, in place.
func SortMembers(list [][]byte) [][]byte {
	slices.SortFunc(list, bytes.Compare)
	return slices.CompactFunc(list, bytes.Equal)
}
