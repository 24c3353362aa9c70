package crdt

import "bytes"

// FieldChange is what an update does to one field of a hash, or to the score of one member
// of a sorted set.
type FieldChange struct {
	Name []byte
	Edit
}

// fieldBytesMin is what a change of a field takes at least: the length of its name, flags,
// and the length of a list or a value.
const fieldBytesMin = 3

// Claims tells whether the change claims the key for a collection of type t.
func (c *Change) Claims(t Type) bool {
	if t == TypeSet {
		return len(c.Adds) > 0
	}
	writes, counts, _ := fieldWrites(c.FieldsOf(t))
	if t == TypeHash || t == TypeZSet || t == TypeList || t == TypeStream || t == TypeBounded || t == TypeSketch || t == TypeGroups {
		return writes
	}
	return counts
}

// FieldsOf returns the changes of the elements of a collection that is no set; t may be the type of its
// counters.
func (c *Change) FieldsOf(t Type) []FieldChange {
	switch t {
	case TypeHash, TypeCounters:
		return c.Fields
	case TypeZSet, TypeScoreCounters:
		return c.Scores
	case TypeList:
		return c.Items
	case TypeStream:
		return c.Entries
	case TypeBounded, TypeBounded.Counters():
		return c.Accounts
	case TypeSketch:
		return c.Ranks
	case TypeGroups:
		return c.Groups
	default:
		return nil
	}
}

// fieldWrites tells whether changes write, whether they add to counters, and whether they set deadlines.
func fieldWrites(list []FieldChange) (writes, counts, ends bool) {
	for i := range list {
		counts = counts || list[i].Increment != nil
		writes = writes || counts || list[i].Assign
		ends = ends || list[i].Expiry != nil
	}
	return writes, counts, ends
}

// hasMore tells whether the change needs the second byte of flags.
func (c *Change) hasMore() bool {
	return len(c.Fields)+len(c.Scores) > 0 || c.hasThird() || c.UnclaimHash || c.UnclaimZSet || c.Expiry != nil
}

// appendMore appends the second byte of flags, what changes deadlines, uvarint fields, each name,
// flags and the parts that these name, the last of them what changes the field's deadlines, the scores likewise,
// and the third byte of flags with its parts.
func (c *Change) appendMore(b []byte) []byte {
	at := len(b)
	b, flags := c.Expiry.appendTo(append(b, 0))
	b[at] = flags
	if c.UnclaimHash {
		b[at] |= moreUnclaimHash
	}
	if c.UnclaimZSet {
		b[at] |= moreUnclaimZSet
	}
	if len(c.Fields) > 0 {
		b[at] |= moreFields
		b = appendFields(b, c.Fields)
	}
	if len(c.Scores) > 0 {
		b[at] |= moreScores
		b = appendFields(b, c.Scores)
	}
	if c.hasThird() {
		b[at] |= moreThird
		b = c.appendThird(b)
	}
	return b
}

func appendFields(b []byte, list []FieldChange) []byte {
	b = appendUvarint(b, uint64(len(list)))
	for i := range list {
		b = appendBytes(b, list[i].Name)
		at := len(b)
		b = list[i].appendTo(b)
		if len(list[i].Voids) > 0 {
			b[at] |= editVoids
			b = appendVoids(b, list[i].Voids)
		}
		var ends byte
		b, ends = list[i].Expiry.appendTo(b)
		b[at] |= ends
	}
	return b
}

// more reads what appendMore wrote; known is false when a newer version wrote it.
func (d *decoder) more(c *Change) (known bool) {
	flags := d.byte()
	if flags&^moreKnown != 0 {
		return false
	}
	d.need(flags != 0)
	c.Expiry = d.expiryChange(flags)
	c.UnclaimHash = flags&moreUnclaimHash != 0
	c.UnclaimZSet = flags&moreUnclaimZSet != 0
	if flags&moreFields != 0 {
		if c.Fields, known = d.fieldsWith(moreExpire | moreRest); !known {
			return false
		}
	}
	if flags&moreScores != 0 {
		if c.Scores, known = d.fields(); !known {
			return false
		}
		d.checkScores(c.Scores)
	}
	if flags&moreThird != 0 {
		return d.third(c)
	}
	return true
}

// fields is fieldsWith no deadlines.
func (d *decoder) fields() (list []FieldChange, known bool) { return d.fieldsWith(0) }

// fieldsWith reads what appendFields wrote of fields that have these flags of deadlines at most; known is false when a
// newer version wrote it.
func (d *decoder) fieldsWith(ends byte) (list []FieldChange, known bool) {
	n := d.count(fieldBytesMin)
	d.need(n > 0)
	for range n {
		f := FieldChange{Name: d.bytes()}
		parts := d.byte()
		if parts&^(editKnown|ends) != 0 {
			return nil, false
		}
		d.need(parts != 0)
		f.Edit = d.edit(parts)
		if parts&editVoids != 0 {
			f.Voids = d.voids()
		}
		f.Expiry = d.expiryChange(parts)
		if k := len(list); k > 0 && bytes.Compare(list[k-1].Name, f.Name) >= 0 {
			d.fail("fields not in order")
		}
		if d.err != nil {
			break
		}
		list = append(list, f)
	}
	return list, true
}
