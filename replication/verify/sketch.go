package verify

import (
	"encoding/binary"
	"fmt"
	"math"
)

// A sketch tells two maps apart by about as many symbols as they differ in entries,
// whatever their size: a rateless invertible Bloom lookup table (Yang, Gilad, Alizadeh,
// "Practical Rateless Set Reconciliation", SIGCOMM 2024). Symbol i holds each entry with
// probability about 1/(1+i/2), by a walk that depends on the entry's key alone. Both
// sides compute symbols; what they share cancels out in the difference; a symbol that
// holds one differing entry gives it away, and taking that one out of the others leaves
// more such symbols.
//
// What is new here: an entry is a key with a value, and symbols hold linear sums over the
// field of prime. For a key whose value differs by x, a symbol that holds it alone is
// (x, key·x): the quotient is the key. So a changed entry counts once, not twice, and
// the difference of values, x, comes with it.

// entry is one key with its value; both are elements of the field and not zero.
type entry struct{ key, value uint64 }

// symbol is the sums of some entries' value, key·value, and tag(key)·value. The last lets
// tell a single entry from several; it is left out where keys are few enough.
type symbol struct{ value, keyed, tagged uint64 }

func (s *symbol) zero() bool { return *s == symbol{} }

func (s *symbol) add(o symbol) {
	*s = symbol{add(s.value, o.value), add(s.keyed, o.keyed), add(s.tagged, o.tagged)}
}
func (s *symbol) sub(o symbol) {
	*s = symbol{sub(s.value, o.value), sub(s.keyed, o.keyed), sub(s.tagged, o.tagged)}
}

func weigh(e entry) symbol { return symbol{e.value, mul(e.key, e.value), mul(tag(e.key), e.value)} }

func tag(key uint64) uint64 { return element(mix(key ^ 0x9e3779b97f4a7c15)) }

// walk visits the symbols that hold a key, ascending from symbol 0.
type walk struct{ index, state uint64 }

func newWalk(key, salt uint64) walk { return walk{0, mix(key ^ salt)} }

func (w *walk) next() {
	w.state = mix(w.state + 0x9e3779b97f4a7c15)
	u := float64(w.state>>11+1) / (1 << 53) // in (0, 1]
	step := math.Ceil((float64(w.index) + 1.5) * float64(1/math.Sqrt(u)-1))
	w.index += uint64(max(1, min(step, 1<<40)))
}

// encoder makes the symbols of a map, in order.
type encoder struct {
	entries []entry
	walks   []walk
	made    int
}

func newEncoder(entries []entry, salt uint64) *encoder {
	e := &encoder{entries: entries, walks: make([]walk, len(entries))}
	for i, x := range entries {
		e.walks[i] = newWalk(x.key, salt)
	}
	return e
}

// more returns the next n symbols.
func (e *encoder) more(n int) []symbol {
	out := make([]symbol, n)
	from, to := uint64(e.made), uint64(e.made+n)
	for i := range e.entries {
		w := &e.walks[i]
		if w.index >= to {
			continue
		}
		weighed := weigh(e.entries[i])
		for ; w.index < to; w.next() {
			out[w.index-from].add(weighed)
		}
	}
	e.made += n
	return out
}

// decoder finds the entries in which two maps differ.
type decoder struct {
	salt uint64
	// plausible tells whether a key can be one; tagged whether symbols have tags.
	plausible func(key uint64) bool
	tagged    bool

	diff  []symbol
	found []entry // value: mine minus theirs
	walks []walk  // of found, up to the end of diff
}

// take adds the next symbols of both sides. Afterwards done tells whether found is
// complete.
func (d *decoder) take(mine, theirs []symbol) {
	from := len(d.diff)
	for i := range mine {
		s := mine[i]
		s.sub(theirs[i])
		if !d.tagged {
			s.tagged = 0
		}
		d.diff = append(d.diff, s)
	}
	for i, e := range d.found {
		d.remove(e, &d.walks[i], nil)
	}
	var queue []int
	for i := from; i < len(d.diff); i++ {
		queue = append(queue, i)
	}
	d.peel(queue)
}

// done reports whether all differing entries are found: symbol 0 holds every entry.
func (d *decoder) done() bool { return len(d.diff) > 0 && d.diff[0].zero() }

// peel takes single entries out until no symbol holds one alone.
func (d *decoder) peel(queue []int) {
	for len(queue) > 0 {
		i := queue[len(queue)-1]
		queue = queue[:len(queue)-1]
		e, ok := d.single(i)
		if !ok || len(d.found) > 2*len(d.diff) {
			continue
		}
		w := newWalk(e.key, d.salt)
		d.remove(e, &w, &queue)
		d.found, d.walks = append(d.found, e), append(d.walks, w)
	}
}

// remove takes e out of the symbols from w on, and queues them.
func (d *decoder) remove(e entry, w *walk, queue *[]int) {
	weighed := weigh(e)
	if !d.tagged {
		weighed.tagged = 0
	}
	for ; w.index < uint64(len(d.diff)); w.next() {
		d.diff[w.index].sub(weighed)
		if queue != nil {
			*queue = append(*queue, int(w.index))
		}
	}
}

// single returns the entry that symbol i holds alone.
func (d *decoder) single(i int) (e entry, ok bool) {
	s := d.diff[i]
	if s.value == 0 {
		return e, false
	}
	e = entry{mul(s.keyed, inverse(s.value)), s.value}
	if e.key == 0 || d.plausible != nil && !d.plausible(e.key) || d.tagged && mul(tag(e.key), e.value) != s.tagged {
		return e, false
	}
	w := newWalk(e.key, d.salt)
	for w.index < uint64(i) {
		w.next()
	}
	return e, w.index == uint64(i)
}

// differences returns what was found: for each key mine minus theirs, never zero.
func (d *decoder) differences() map[uint64]uint64 {
	out := make(map[uint64]uint64, len(d.found))
	for _, e := range d.found {
		if out[e.key] = add(out[e.key], e.value); out[e.key] == 0 {
			delete(out, e.key)
		}
	}
	return out
}

func symbolBytes(tagged bool) int {
	if tagged {
		return 24
	}
	return 16
}

func appendSymbols(b []byte, symbols []symbol, tagged bool) []byte {
	for _, s := range symbols {
		b = binary.LittleEndian.AppendUint64(b, s.value)
		b = binary.LittleEndian.AppendUint64(b, s.keyed)
		if tagged {
			b = binary.LittleEndian.AppendUint64(b, s.tagged)
		}
	}
	return b
}

// decodeSymbols reads exactly n symbols.
func decodeSymbols(b []byte, n int, tagged bool) ([]symbol, error) {
	size := symbolBytes(tagged)
	if len(b) != n*size {
		return nil, fmt.Errorf("%w: %d bytes for %d symbols", ErrMalformed, len(b), n)
	}
	out := make([]symbol, n)
	for i := range out {
		words := []*uint64{&out[i].value, &out[i].keyed, &out[i].tagged}[:size/8]
		for j, w := range words {
			if *w = binary.LittleEndian.Uint64(b[i*size+j*8:]); *w >= prime {
				return nil, fmt.Errorf("%w: a sum outside the field", ErrMalformed)
			}
		}
	}
	return out, nil
}
