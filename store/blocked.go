package store

import "bytes"

// blockedIterator ends with an error where it would pass damage: leaving keys out
// without a word would be a wrong answer.
type blockedIterator struct {
	Iterator
	lo      []byte // of the bounds
	hi      []byte
	ranges  []Damage // that lie within the bounds
	from    []byte   // everything up to here was looked at
	upTo    []byte   // everything from here on was looked at, on the way back
	err     error
	invalid bool
}

// blocked wraps it when damage lies within its bounds.
func (d *damaged) blocked(it Iterator, lo, hi []byte) Iterator {
	var ranges []Damage
	for _, x := range d.list() {
		if x.overlaps(lo, hi) {
			ranges = append(ranges, x)
		}
	}
	if len(ranges) == 0 {
		return it
	}
	return &blockedIterator{Iterator: it, lo: lo, hi: hi, ranges: ranges, invalid: true}
}

func (b *blockedIterator) First() bool { return b.moved(b.lo, b.Iterator.First()) }

// Last begins the way back.
func (b *blockedIterator) Last() bool { return b.movedBack(b.hi, b.Iterator.Last()) }

// Prev follows Last, or Prev.
func (b *blockedIterator) Prev() bool {
	if b.invalid {
		return false
	}
	return b.movedBack(b.upTo, b.Iterator.Prev())
}

// movedBack looks at what lies between where the iterator stands now and upTo.
func (b *blockedIterator) movedBack(upTo []byte, ok bool) bool {
	from := b.lo
	if ok {
		from = bytes.Clone(b.Iterator.Key())
	}
	for _, x := range b.ranges {
		if x.overlaps(from, upTo) {
			b.err, b.invalid = &DamageError{x}, true
			return false
		}
	}
	b.upTo, b.invalid = from, !ok
	return ok
}

func (b *blockedIterator) SeekGE(key []byte) bool {
	return b.moved(bytes.Clone(key), b.Iterator.SeekGE(key))
}

func (b *blockedIterator) Next() bool {
	if b.invalid {
		return false
	}
	return b.moved(b.from, b.Iterator.Next())
}

// moved looks at what lies between from and where the iterator stands now.
func (b *blockedIterator) moved(from []byte, ok bool) bool {
	upTo := b.hi
	if ok {
		upTo = after(bytes.Clone(b.Iterator.Key()))
	}
	for _, x := range b.ranges {
		if x.overlaps(from, upTo) {
			b.err, b.invalid = &DamageError{x}, true
			return false
		}
	}
	b.from, b.invalid = upTo, !ok
	return ok
}

func (b *blockedIterator) Valid() bool { return !b.invalid && b.Iterator.Valid() }

func (b *blockedIterator) Error() error {
	if b.err != nil {
		return b.err
	}
	return b.Iterator.Error()
}
