package command

import (
	"errors"

	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/keyspace"
)

// lcsCells bounds the product of the lengths of two strings that LCS compares.
const lcsCells = 16 << 20

const errNotStrings redisText = "The specified keys must contain string values"

// LCS finds the longest common subsequence of two strings; a missing one is empty. Bad is why the options
// are refused, should both be strings. Reply: Value; Replies, four for each run of it from the last to the
// first: Int is where it begins and ends in A, and where in B. https://redis.io/commands/lcs
type LCS struct {
	A, B []byte
	Bad  error
}

// Name implements keyspace.Command.
func (LCS) Name() string { return "LCS" }

// Keys implements keyspace.Command.
func (c LCS) Keys() [][]byte { return [][]byte{c.A, c.B} }

// Writes implements keyspace.Command.
func (LCS) Writes() bool { return false }

// Run implements keyspace.Command.
func (c LCS) Run(tx *keyspace.Tx) (r keyspace.Reply, err error) {
	var values [2][]byte
	for i, key := range c.Keys() {
		h, _, err := tx.Expect(key, crdt.TypeString)
		if errors.Is(err, keyspace.ErrWrongType) {
			err = refusing(errNotStrings)
		}
		if err != nil {
			return r, err
		}
		values[i], _ = h.Value()
	}
	if c.Bad != nil {
		return r, refusing(c.Bad)
	}
	a, b := values[0], values[1]
	if len(a) > 0 && len(b) > lcsCells/len(a) {
		return r, &keyspace.TooLargeError{What: "product of lengths", Size: len(a) * len(b), Limit: lcsCells}
	}
	table := lcsTable(a, b)
	r.Value = make([]byte, table[len(table)-1])
	for _, m := range table.runs(a, b, r.Value) {
		for _, n := range [...]int{m.a, m.a + m.n - 1, m.b, m.b + m.n - 1} {
			r.Replies = append(r.Replies, keyspace.Reply{Int: int64(n)})
		}
	}
	return r, nil
}

// lengths is the table of dynamic programming, row by row: how long the longest common subsequence of
// the first i bytes of one string and the first j of the other is.
type lengths []uint32

func lcsTable(a, b []byte) lengths {
	width := len(b) + 1
	t := make(lengths, (len(a)+1)*width)
	for i := range a {
		row, next := t[i*width:][:width], t[(i+1)*width:][:width]
		for j := range b {
			if a[i] == b[j] {
				next[j+1] = row[j] + 1
			} else {
				next[j+1] = max(row[j+1], next[j])
			}
		}
	}
	return t
}

// run is n equal bytes, from a in one string and from b in the other.
type run struct{ a, b, n int }

// runs walks the table back, as Redis does: it fills out and returns the runs, the last one first.
func (t lengths) runs(a, b, out []byte) (list []run) {
	width := len(b) + 1
	i, j, k := len(a), len(b), len(out)
	for i > 0 && j > 0 {
		if a[i-1] != b[j-1] {
			if t[(i-1)*width+j] > t[i*width+j-1] {
				i--
			} else {
				j--
			}
			continue
		}
		i, j, k = i-1, j-1, k-1
		out[k] = a[i]
		if n := len(list); n > 0 && list[n-1].a == i+1 && list[n-1].b == j+1 {
			list[n-1] = run{i, j, list[n-1].n + 1}
		} else {
			list = append(list, run{i, j, 1})
		}
	}
	return list
}
