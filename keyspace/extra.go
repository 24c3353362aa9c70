package keyspace

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/atollkv/atoll/clock"
)

// maxExtraSteps bounds the ranges that run ahead of a shard at different vectors. Each
// transfer that breaks off and is resumed adds one.
const maxExtraSteps = 256

// extras says which ranges of cells run ahead of the shard's vector, and how far: while
// state is transferred, the ranges already merged hold what the donor held.
//
// Invariant: steps ascend by upTo and cover all cells; the last one has no upTo; no two
// neighbours have equal vectors. No steps at all means that nothing runs ahead.
type extras struct {
	steps []extraStep
}

// extraStep is the range that ends with the cell upTo, that cell included; nil means
// the end of all cells.
type extraStep struct {
	upTo   []byte
	vector clock.VersionVector
}

func (e *extras) empty() bool { return len(e.steps) == 0 }

// all returns what the ranges contain at most.
func (e *extras) all() (v clock.VersionVector) {
	for _, s := range e.steps {
		v.Join(s.vector)
	}
	return v
}

// find returns the index of the step that holds a cell.
func (e *extras) find(cell []byte) int {
	i := 0
	for e.steps[i].upTo != nil && bytes.Compare(e.steps[i].upTo, cell) < 0 {
		i++
	}
	return i
}

// at returns what the state of a cell contains beyond the shard's vector.
func (e *extras) at(cell []byte) clock.VersionVector {
	if e.empty() {
		return clock.VersionVector{}
	}
	return e.steps[e.find(cell)].vector
}

// covers tells that the state of some range contains an update.
func (e *extras) covers(d clock.Dot) bool {
	return slices.ContainsFunc(e.steps, func(s extraStep) bool { return s.vector.Covers(d) })
}

// seen returns what some part of the state contains.
func (c *Core) seen() clock.VersionVector {
	v := c.vv
	for _, s := range c.transfer.extras.steps {
		v.Join(s.vector)
	}
	return v
}

// next returns the index of the step that holds what follows a cell; nil is the begin.
func (e *extras) next(after []byte) int {
	if after == nil {
		return 0
	}
	i := e.find(after)
	if bytes.Equal(e.steps[i].upTo, after) {
		i++
	}
	return i
}

// border returns where the step that follows a cell ends; nil is the end of all cells.
func (e *extras) border(after []byte) []byte {
	if e.empty() {
		return nil
	}
	return e.steps[e.next(after)].upTo
}

// within returns the vector of the range that holds all cells from first to last; ok is
// false when a border lies between them.
func (e *extras) within(first, last []byte) (v clock.VersionVector, ok bool) {
	if e.empty() {
		return v, true
	}
	i := e.find(first)
	return e.steps[i].vector, i == e.find(last)
}

// cover joins v into the range of cells after one and up to another; nil bounds are
// the begin and the end of all cells.
func (e *extras) cover(after, upTo []byte, v clock.VersionVector) {
	if e.empty() {
		e.steps = []extraStep{{}}
	}
	e.split(after)
	e.split(upTo)
	steps := make([]extraStep, 0, len(e.steps))
	for _, s := range e.steps {
		above := after == nil || s.upTo == nil || bytes.Compare(s.upTo, after) > 0
		below := upTo == nil || s.upTo != nil && bytes.Compare(s.upTo, upTo) <= 0
		if above && below {
			s.vector.Join(v)
		}
		steps = append(steps, s)
	}
	e.steps = steps
	e.tidy()
}

// split makes a border after a cell.
func (e *extras) split(cell []byte) {
	if cell == nil {
		return
	}
	i := e.find(cell)
	if bytes.Equal(e.steps[i].upTo, cell) {
		return
	}
	steps := append(make([]extraStep, 0, len(e.steps)+1), e.steps[:i]...)
	steps = append(steps, extraStep{bytes.Clone(cell), e.steps[i].vector})
	e.steps = append(steps, e.steps[i:]...)
}

// settle drops what the shard's vector covers by now.
func (e *extras) settle(vv clock.VersionVector) {
	steps := make([]extraStep, len(e.steps))
	for i, s := range e.steps {
		steps[i] = extraStep{s.upTo, above(s.vector, vv)}
	}
	e.steps = steps
	e.tidy()
}

// tidy joins equal neighbours.
func (e *extras) tidy() {
	var out []extraStep
	for _, s := range e.steps {
		if n := len(out); n > 0 && out[n-1].vector.Equal(s.vector) {
			out[n-1].upTo = s.upTo
		} else {
			out = append(out, s)
		}
	}
	if len(out) == 1 && out[0].vector.Len() == 0 {
		out = nil
	}
	e.steps = out
}

// above returns the components of v that are greater than those of w.
func above(v, w clock.VersionVector) clock.VersionVector {
	var out clock.VersionVector
	for _, x := range v.Entries() {
		if x.Seq > w.Get(x.Origin) {
			out.Advance(x.Origin, x.Seq)
		}
	}
	return out
}

// joined returns the least upper bound of v and w.
func joined(v, w clock.VersionVector) clock.VersionVector {
	v.Join(w)
	return v
}

// appendTo appends uvarint steps, each {uvarint length and bytes of upTo, vector}; the
// last step's upTo is empty.
func (e *extras) appendTo(b []byte) []byte {
	b = appendUvarint(b, uint64(len(e.steps)))
	for _, s := range e.steps {
		b = appendBytes(b, s.upTo)
		b = s.vector.Append(b)
	}
	return b
}

func decodeExtras(b []byte) (e extras, rest []byte, err error) {
	n, b, err := clock.Uvarint(b)
	if err != nil || n > maxExtraSteps {
		return e, nil, fmt.Errorf("%d ranges ahead: %w", n, ErrMalformed)
	}
	for i := range n {
		var s extraStep
		if s.upTo, b, err = takeBytes(b); err != nil {
			return e, nil, err
		}
		if last := i == n-1; last != (len(s.upTo) == 0) {
			return e, nil, fmt.Errorf("range %d of %d ends at %x: %w", i, n, s.upTo, ErrMalformed)
		}
		if len(s.upTo) == 0 {
			s.upTo = nil
		}
		if k := len(e.steps); k > 0 && s.upTo != nil && bytes.Compare(e.steps[k-1].upTo, s.upTo) >= 0 {
			return e, nil, fmt.Errorf("ranges not in order: %w", ErrMalformed)
		}
		if s.vector, b, err = clock.DecodeVector(b); err != nil {
			return e, nil, err
		}
		e.steps = append(e.steps, s)
	}
	return e, b, nil
}
