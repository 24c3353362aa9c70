package keyspace

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"slices"

	"github.com/atollkv/atoll/crdt"
)

// scoresMax bounds how many members are sorted by a read that cannot use the index: see
// index.go.
const scoresMax = 1 << 20

// Member returns what a member of the sorted set at key holds, in any type shown: see
// crdt.Field.Score.
func (tx *Tx) Member(key, member []byte) (crdt.Field, error) {
	return tx.field(key, crdt.TypeZSet, member)
}

// SetScore replaces the score of a member, whatever the key shows. The score must not be
// NaN.
func (tx *Tx) SetScore(key, member []byte, score float64) error {
	return tx.changeField(key, crdt.TypeZSet, member, func(f *txField) {
		f.edit = f.before.Assignment(crdt.AppendScore(nil, score))
	})
}

// AddScore adds delta to the score of a member.
func (tx *Tx) AddScore(key, member []byte, delta crdt.Total) error {
	return tx.changeField(key, crdt.TypeZSet, member, func(f *txField) { f.edit.Add(&f.after.Counter, delta, tx.write.tag) })
}

// RemoveScore removes a member from the sorted set.
func (tx *Tx) RemoveScore(key, member []byte) error {
	return tx.changeField(key, crdt.TypeZSet, member, func(f *txField) { f.edit = f.before.Deletion() })
}

// Scores calls fn for the visible members of the sorted set at key from the given one on, in
// byte order, until it returns false. The member is fn's to keep.
func (tx *Tx) Scores(key, from []byte, fn func(Scored) bool) error {
	h, gone, err := tx.open(key)
	if err != nil || gone {
		return err
	}
	return tx.eachField(key, crdt.TypeZSet, from, &h, func(name []byte, f *crdt.Field) bool {
		score, _ := f.Score()
		return fn(Scored{bytes.Clone(name), score})
	})
}

// Ranking is a part of a sorted set in the order of scores, and of bytes among equal ones.
type Ranking struct {
	// From and To are places: From ≤ place < To; nil is the begin or the end.
	From, To []byte
	// Reverse goes from the end to the begin.
	Reverse bool
}

// PlaceBefore returns the place before all members of a score.
func PlaceBefore(score float64) []byte { return appendOrdered(nil, score) }

// PlaceAfter returns the place behind all members of a score.
func PlaceAfter(score float64) []byte {
	b := appendOrdered(nil, score)
	binary.BigEndian.PutUint64(b, binary.BigEndian.Uint64(b)+1)
	return b
}

// PlaceAt returns the place of a member with a score.
func PlaceAt(score float64, member []byte) []byte {
	return append(appendOrdered(nil, score), member...)
}

// Ranked calls fn for the visible members of the sorted set at key, in their order, until
// it returns false. The member is fn's to keep. It reads no more than it shows; for a short
// while after a deletion concurrent with other writes it reads all members, and fails with
// TooLargeError beyond 1,048,576.
func (tx *Tx) Ranked(key []byte, r Ranking, fn func(Scored) bool) error {
	if r.To != nil && bytes.Compare(r.From, r.To) >= 0 {
		return nil
	}
	h, gone, err := tx.open(key)
	if err != nil || gone {
		return err
	}
	_, known, err := tx.counted(key, crdt.TypeZSet)
	switch {
	case err != nil:
		return err
	case !known:
		return tx.sorted(key, r, &h, fn)
	}
	w := rankWalk{tx: tx, key: key, header: &h, ranking: r, fn: fn, more: true}
	return w.run()
}

// sorted is Ranked without the index.
func (tx *Tx) sorted(key []byte, r Ranking, h *crdt.Header, fn func(Scored) bool) error {
	var all []Scored
	n := 0
	err := tx.eachField(key, crdt.TypeZSet, nil, h, func(name []byte, f *crdt.Field) bool {
		score, _ := f.Score()
		if n++; r.holds(PlaceAt(score, name)) {
			all = append(all, Scored{bytes.Clone(name), score})
		}
		return n <= scoresMax
	})
	if err != nil {
		return err
	}
	if n > scoresMax {
		return &TooLargeError{What: "members to sort", Size: n, Limit: scoresMax}
	}
	for _, x := range r.sort(all) {
		if !fn(x) {
			break
		}
	}
	return nil
}

func (r *Ranking) holds(place []byte) bool {
	return bytes.Compare(place, r.From) >= 0 && (r.To == nil || bytes.Compare(place, r.To) < 0)
}

func (r *Ranking) sort(list []Scored) []Scored {
	slices.SortFunc(list, CompareScored)
	if r.Reverse {
		slices.Reverse(list)
	}
	return list
}

// CompareScored orders members as a sorted set does: by score, and equal ones by bytes.
func CompareScored(a, b Scored) int {
	return cmp.Or(cmp.Compare(a.Score, b.Score), bytes.Compare(a.Member, b.Member))
}

// rankWalk visits a transaction's own members between those of the index, in order.
type rankWalk struct {
	tx      *Tx
	key     []byte
	header  *crdt.Header
	ranking Ranking
	fn      func(Scored) bool
	own     map[string]*txField
	left    []Scored // of own, not visited yet
	more    bool
	err     error
}

func (w *rankWalk) run() error {
	w.loadOwn()
	r := indexRange{w.ranking.From, w.ranking.To, w.ranking.Reverse}
	err := w.tx.cells.index(w.tx.full(w.key), r, func(place []byte) bool {
		score, name, ok := splitPlace(place)
		if !ok || !w.stands(name, score) {
			return w.err == nil
		}
		x := Scored{bytes.Clone(name), score}
		for w.more && len(w.left) > 0 && w.before(w.left[0], x) {
			w.visitOwn()
		}
		w.more = w.more && w.fn(x)
		return w.more
	})
	if err = cmp.Or(err, w.err); err != nil {
		return err
	}
	for w.more && len(w.left) > 0 {
		w.visitOwn()
	}
	return nil
}

// loadOwn sorts what this transaction has changed.
func (w *rankWalk) loadOwn() {
	k := w.tx.touched(w.key)
	if k == nil {
		return
	}
	w.own = k.scores.byName
	for _, name := range sortedKeys(w.own) {
		if score, live := w.own[name].after.Score(); live && w.ranking.holds(PlaceAt(score, []byte(name))) {
			w.left = append(w.left, Scored{[]byte(name), score})
		}
	}
	w.left = w.ranking.sort(w.left)
}

func (w *rankWalk) before(a, b Scored) bool {
	if w.ranking.Reverse {
		a, b = b, a
	}
	return CompareScored(a, b) < 0
}

func (w *rankWalk) visitOwn() {
	x := w.left[0]
	w.left = w.left[1:]
	w.more = w.fn(x)
}

// stands tells whether a place in the index counts: not where the transaction has changed
// the member, nor where a deletion of the whole sorted set has hidden it.
func (w *rankWalk) stands(name []byte, score float64) bool {
	if w.own[string(name)] != nil {
		return false
	}
	if w.header.Hidden.Len() == 0 {
		return true
	}
	f, err := w.tx.cells.field(w.tx.full(w.key), crdt.TypeZSet, name, w.header.Hidden)
	if w.err = err; err != nil {
		return false
	}
	shown, live := f.Score()
	return live && shown == score
}
