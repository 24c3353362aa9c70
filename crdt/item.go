package crdt

import (
	"bytes"
	"fmt"

	"github.com/atollkv/atoll/clock"
)

// An element of a list has the content of a field without a counter: a register that the
// update which inserts the element writes first, and LSET again. What is changed of it is
// the change of a field whose name is the element's position.

// DecodeItem reads the content of an element of a list as Append wrote it; the result
// shares b. Errors match ErrMalformed.
func DecodeItem(b []byte) (Field, error) {
	f, err := decodeEndless(b)
	if err == nil && !f.Counter.Empty() {
		err = fmt.Errorf("%w: element of a list with a counter", ErrMalformed)
	}
	return f, err
}

// CheckName refuses what cannot be the name of an element of a collection: lists, streams and their groups,
// bounded counters and HyperLogLogs are particular about it. It returns an error that matches ErrMalformed.
func CheckName(t Type, name []byte) error {
	switch t {
	case TypeStream:
		return checkEntryName(name)
	case TypeBounded:
		return checkAccountName(name)
	case TypeSketch:
		return checkSketchName(name)
	case TypeGroups:
		return checkGroupName(name)
	case TypeList:
	default:
		return nil
	}
	_, err := Position(name).path()
	return err
}

// ItemEdit returns the edit that lets an element of a list hold value, in place of what it
// held.
func ItemEdit(before *Field, value []byte) Edit {
	return Edit{Clear: len(before.Register.Siblings) > 0, Assign: true, Value: bytes.Clone(value)}
}

const (
	thirdItems       = 1 << 0
	thirdUnclaimList = 1 << 1
	thirdEntries     = 1 << 2
	thirdVoids       = 1 << 3
	thirdAccounts    = 1 << 4
	thirdRanks       = 1 << 5
	thirdGroups      = 1 << 6
	thirdKnown       = thirdItems | thirdUnclaimList | thirdEntries | thirdVoids | thirdAccounts | thirdRanks | thirdGroups
)

// hasThird tells whether the change needs the third byte of flags.
func (c *Change) hasThird() bool {
	return len(c.Voids)+len(c.Items)+len(c.Entries)+len(c.Accounts)+len(c.Ranks)+len(c.Groups) > 0 || c.UnclaimList
}

// appendThird appends the third byte of flags and, if there are any, voids of the string's counter, elements of a list, cells of a stream,
// of a bounded counter, of a HyperLogLog and of the groups of a stream as fields.
func (c *Change) appendThird(b []byte) []byte {
	at := len(b)
	b = append(b, 0)
	if c.UnclaimList {
		b[at] |= thirdUnclaimList
	}
	if len(c.Voids) > 0 {
		b[at] |= thirdVoids
		b = appendVoids(b, c.Voids)
	}
	if len(c.Items) > 0 {
		b[at] |= thirdItems
		b = appendFields(b, c.Items)
	}
	if len(c.Entries) > 0 {
		b[at] |= thirdEntries
		b = appendFields(b, c.Entries)
	}
	if len(c.Accounts) > 0 {
		b[at] |= thirdAccounts
		b = appendFields(b, c.Accounts)
	}
	if len(c.Ranks) > 0 {
		b[at] |= thirdRanks
		b = appendFields(b, c.Ranks)
	}
	if len(c.Groups) > 0 {
		b[at] |= thirdGroups
		b = appendFields(b, c.Groups)
	}
	return b
}

// third reads what appendThird wrote; known is false when a newer version wrote it.
func (d *decoder) third(c *Change) (known bool) {
	flags := d.byte()
	if flags&^thirdKnown != 0 {
		return false
	}
	d.need(flags != 0)
	c.UnclaimList = flags&thirdUnclaimList != 0
	if flags&thirdVoids != 0 {
		c.Voids = d.voids()
	}
	if flags&thirdItems != 0 {
		if c.Items, known = d.fields(); !known {
			return false
		}
		d.checkItems(c.Items)
	}
	known = true
	if flags&thirdEntries != 0 {
		c.Entries, known = d.fields()
	}
	if known && flags&thirdAccounts != 0 {
		c.Accounts, known = d.fields()
	}
	if known && flags&thirdRanks != 0 {
		c.Ranks, known = d.fields()
	}
	if known && flags&thirdGroups != 0 {
		c.Groups, known = d.fields()
	}
	return known
}

// checkItems refuses changes that elements of lists cannot have.
func (d *decoder) checkItems(list []FieldChange) {
	for i := range list {
		e := &list[i].Edit
		if e.Increment != nil || len(e.Floors) > 0 {
			d.fail("element of a list with a counter")
		}
		if err := CheckName(TypeList, list[i].Name); err != nil {
			d.fail("%v", err)
		}
	}
}

// checkItem refuses a change of an element that no writer with the update's dot can have
// written: what it inserts, and nothing else, has a place that its dot names, and was not
// there before.
func (f *FieldChange) checkItem(dot clock.Dot) error {
	at, err := Position(f.Name).Dot()
	if err != nil {
		return err
	}
	if inserts := at == dot; inserts == f.Clear || at.Origin == dot.Origin && at.Seq > dot.Seq {
		return fmt.Errorf("%w: %v changes an element that %v inserted", ErrMalformed, dot, at)
	}
	return nil
}
