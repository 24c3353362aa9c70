package command

import (
	"bytes"
	"cmp"
	"errors"
	"slices"

	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace"
)

// ErrWeight: an element that is to be sorted by number, or what weighs it, is none.
var ErrWeight = errors.New("an element, or what weighs it, is not a number")

// Sort reads the elements of a list, a set or a sorted set in order, and may store them: as a list in the place of
// whatever Into holds, as one update; none delete Into. What is stored replaces what this node sees: what other regions
// concurrently push to Into survives. Elements of one weight are in byte order; with a pattern and Alpha they keep
// theirs.
//
// Reply: List, nil stands for what Get does not find; with Into, Int, how many elements that is. Errors: ErrWrongType,
// ErrWeight; keyspace.TooLargeError where the key has more than 1,048,576 elements, as many values are to be read for
// them, both together have more than 64 MiB, or a result that is stored more than 8. https://redis.io/commands/sort
type Sort struct {
	Key []byte
	// By names the keys whose values weigh the elements: see [Sort.lookUp]. Nil sorts by the elements themselves. By one
	// without a * nothing is sorted: lists and sorted sets are read from begin to end, sets in byte order, with Reverse the
	// other way round.
	By []byte
	// Get names what is returned for each element, in its place; nil is the element.
	Get [][]byte
	// Offset skips elements, Count of them are returned; a negative one is all.
	Offset, Count int64
	// Alpha compares bytes, not numbers; Reverse is from the greatest to the least.
	Alpha, Reverse bool
	// Into is where the result is stored; nil only returns it.
	Into []byte
}

// Name implements keyspace.Command.
func (Sort) Name() string { return "SORT" }

// Keys implements keyspace.Command.
func (c Sort) Keys() [][]byte {
	if c.Into == nil {
		return [][]byte{c.Key}
	}
	return [][]byte{c.Key, c.Into}
}

// Writes implements keyspace.Command.
func (c Sort) Writes() bool { return c.Into != nil }

// Run implements keyspace.Command.
func (c Sort) Run(tx *keyspace.Tx) (r keyspace.Reply, err error) {
	s := sorting{Sort: c, tx: tx, room: replyBytes}
	list, err := s.elements()
	if err != nil {
		return r, err
	}
	if err := s.sort(list); err != nil {
		return r, err
	}
	list = c.part(list)
	if n := len(list) * len(c.Get); n > combineMax {
		return r, &keyspace.TooLargeError{What: "values to read", Size: n, Limit: combineMax}
	}
	r.List, err = s.result(list)
	if err != nil || c.Into == nil {
		return r, err
	}
	return c.store(tx, r.List)
}

// part returns the elements that are asked for.
func (c Sort) part(list []weighed) []weighed {
	n := int64(len(list))
	first := min(max(c.Offset, 0), n)
	if c.Count < 0 {
		return list[first:]
	}
	return list[first : first+min(c.Count, n-first)]
}

func (c Sort) store(tx *keyspace.Tx, list [][]byte) (r keyspace.Reply, err error) {
	size := 0
	for _, v := range list {
		size += len(v)
	}
	if size > pageBytes {
		return r, &keyspace.TooLargeError{What: "resulting list in bytes", Size: size, Limit: pageBytes}
	}
	if err := vacate(tx, c.Into); err != nil {
		return r, err
	}
	if len(list) > 0 {
		if err := tx.Push(c.Into, keyspace.Back, list); err != nil {
			return r, err
		}
	}
	notedStore(len(list), tx, keyspace.ClassList, "sortstore", c.Into)
	r.Int = int64(len(list))
	return r, nil
}

// weighed is an element and what it is compared by.
type weighed struct {
	element, text []byte
	number        float64
	found         bool // text is there
}

// sorting is one Sort at work. It holds no more than room bytes.
type sorting struct {
	Sort
	tx   *keyspace.Tx
	room int
	err  error
}

// hold counts bytes; false is one too many.
func (s *sorting) hold(n int) bool {
	if s.room -= n; s.room < 0 && s.err == nil {
		s.err = &keyspace.TooLargeError{What: "elements and what belongs to them in bytes", Size: replyBytes - s.room, Limit: replyBytes}
	}
	return s.err == nil
}

// unsorted tells whether the elements keep the order that the key has.
func (s *sorting) unsorted() bool { return s.By != nil && !bytes.Contains(s.By, []byte("*")) }

// elements reads all that the key holds.
func (s *sorting) elements() (list []weighed, err error) {
	t, _, err := s.tx.Type(s.Key)
	if err != nil {
		return nil, err
	}
	backwards := s.Reverse && s.unsorted()
	take := func(b []byte) bool {
		if list = append(list, weighed{element: bytes.Clone(b)}); len(list) > combineMax {
			s.err = &keyspace.TooLargeError{What: "elements to sort", Size: len(list), Limit: combineMax}
		}
		return s.hold(len(b))
	}
	switch t {
	case crdt.TypeNone:
	case crdt.TypeList:
		from := keyspace.Front
		if backwards {
			from = keyspace.Back
		}
		err = s.tx.Items(s.Key, from, func(_ crdt.Position, value []byte) bool { return take(value) })
	case crdt.TypeSet:
		err = s.tx.Members(s.Key, nil, take)
		if backwards {
			slices.Reverse(list)
		}
	case crdt.TypeZSet:
		err = s.tx.Ranked(s.Key, keyspace.Ranking{Reverse: backwards}, func(x keyspace.Scored) bool { return take(x.Member) })
	default:
		err = keyspace.ErrWrongType
	}
	return list, cmp.Or(err, s.err)
}

func (s *sorting) sort(list []weighed) error {
	if s.unsorted() {
		return nil
	}
	for i := range list {
		if err := s.weigh(&list[i]); err != nil {
			return err
		}
	}
	slices.SortStableFunc(list, func(a, b weighed) int {
		if s.Reverse {
			a, b = b, a
		}
		return s.compare(&a, &b)
	})
	return nil
}

// weigh finds what an element is compared by.
func (s *sorting) weigh(w *weighed) (err error) {
	w.text, w.found = w.element, true
	if s.By != nil {
		w.text, w.found, err = s.lookUp(s.By, w.element)
	}
	if err != nil || s.Alpha || !w.found || len(w.text) == 0 {
		return err // no number is 0
	}
	number, ok := crdt.ParseFloat(w.text)
	if !ok {
		return ErrWeight
	}
	w.number = number
	return nil
}

func (s *sorting) compare(a, b *weighed) int {
	switch {
	case !s.Alpha:
		return cmp.Or(cmp.Compare(a.number, b.number), bytes.Compare(a.element, b.element))
	case a.found != b.found:
		return cmp.Compare(b2i(a.found), b2i(b.found))
	default:
		return bytes.Compare(a.text, b.text)
	}
}

// result is what is returned for elements.
func (s *sorting) result(list []weighed) (out [][]byte, err error) {
	for _, w := range list {
		if len(s.Get) == 0 {
			out = append(out, w.element)
		}
		for _, pattern := range s.Get {
			value, found, err := s.lookUp(pattern, w.element)
			if err != nil {
				return nil, err
			}
			if found || s.Into != nil {
				value = append([]byte{}, value...) // the empty string is not nil
			}
			out = append(out, value)
		}
	}
	return out, nil
}

// lookUp reads what a pattern names for an element: # is the element itself; otherwise the element takes the place of the
// first *, and that is a key, or, where -> is behind the *, a key and a field of its hash. What is not a string, or not
// there, is not found.
func (s *sorting) lookUp(pattern, element []byte) (value []byte, found bool, err error) {
	if string(pattern) == "#" {
		return element, true, nil
	}
	before, behind, ok := bytes.Cut(pattern, []byte("*"))
	if !ok {
		return nil, false, nil
	}
	var field []byte
	if key, name, ok := bytes.Cut(behind, []byte("->")); ok && len(name) > 0 {
		behind, field = key, name
	}
	value, found, err = s.read(slices.Concat(before, element, behind), field)
	if err == nil && !s.hold(len(value)) {
		err = s.err
	}
	return bytes.Clone(value), found, err
}

// read returns a string, or the field of a hash.
func (s *sorting) read(key, field []byte) (value []byte, found bool, err error) {
	t, h, err := s.tx.Type(key)
	switch {
	case err != nil:
		return nil, false, err
	case t == crdt.TypeString && field == nil:
		value, found = h.Value()
		return value, found, nil
	case t == crdt.TypeHash && field != nil:
		f, err := s.tx.Field(key, field)
		if err == nil {
			value, found = f.Value()
		}
		return value, found, err
	default:
		return nil, false, nil
	}
}
