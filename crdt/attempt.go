package crdt

import (
	"cmp"
	"slices"
)

// Attempt is an update that carried out an operation with an id.
type Attempt struct {
	Tag
	// Delta is what it added.
	Delta Total
	// Reply is what its client was, or was to be, answered; empty where that is not known.
	Reply []byte
}

// OnceNote is what a node notes of an operation with an id: the updates that carried it out.
type OnceNote struct {
	// Attempts ascend by stamp; there is one at least. The first is the one that counts.
	Attempts []Attempt
	// Of says which counter it is about, where that is noted; its Key is empty otherwise.
	Of Counted
}

const (
	noteVersion = 1
	noteOf      = 1 << 0
)

// Earlier orders attempts by stamp.
func (a Attempt) Earlier(b Attempt) int {
	return cmp.Or(a.Stamp().Compare(b.Stamp()), a.Dot.Compare(b.Dot))
}

// Has tells that an attempt is noted.
func (n *OnceNote) Has(a Attempt) bool {
	return slices.ContainsFunc(n.Attempts, func(x Attempt) bool { return x.Dot == a.Dot })
}

// Join adds attempts; those that are there already stay as they are.
func (n *OnceNote) Join(list []Attempt) {
	all := slices.Clone(n.Attempts)
	for _, a := range list {
		if !slices.ContainsFunc(all, func(x Attempt) bool { return x.Dot == a.Dot }) {
			all = append(all, a)
		}
	}
	slices.SortFunc(all, Attempt.Earlier)
	n.Attempts = all
}

// Append appends version, flags, the counter if it is noted (type, key and name, each with its length as uvarint), uvarint
// attempts, each tag, total, and the reply with its length.
func (n *OnceNote) Append(b []byte) []byte {
	if len(n.Of.Key) > 0 {
		b = append(b, noteVersion, noteOf, byte(n.Of.Type))
		b = appendBytes(appendBytes(b, n.Of.Key), n.Of.Name)
	} else {
		b = append(b, noteVersion, 0)
	}
	b = appendUvarint(b, uint64(len(n.Attempts)))
	for _, a := range n.Attempts {
		b = a.Delta.appendTo(appendTag(b, a.Tag))
		b = appendBytes(b, a.Reply)
	}
	return b
}

// DecodeOnceNote reads what Append wrote; the result shares b. Errors match ErrMalformed.
func DecodeOnceNote(b []byte) (n OnceNote, err error) {
	d := decoder{b: b}
	version, flags := d.byte(), d.byte()
	if version != noteVersion || flags&^noteOf != 0 {
		d.fail("note of an operation, version %d", version)
	}
	if flags&noteOf != 0 {
		n.Of = Counted{Type: Type(d.byte()), Key: d.bytes(), Name: d.bytes()}
		d.need(len(n.Of.Key) > 0)
	}
	for range d.count(tagBytesMin + 2) {
		a := Attempt{Tag: d.tag(), Delta: d.total(), Reply: d.bytes()}
		if k := len(n.Attempts); k > 0 && n.Attempts[k-1].Earlier(a) >= 0 {
			d.fail("attempts not in order")
		}
		n.Attempts = append(n.Attempts, a)
	}
	d.need(len(n.Attempts) > 0)
	return n, d.end()
}
