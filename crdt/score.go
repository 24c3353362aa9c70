package crdt

import (
	"encoding/binary"
	"math"
)

// A member of a sorted set has the content of a field: a register that holds the score of
// the last ZADD, and a counter that holds what ZINCRBY added and no ZADD has seen. The sum
// is exact, and rounded once, when it is read: the same at every replica, and in the order
// of the scores that are shown.

// scoreBytes is the size of an encoded score.
const scoreBytes = 8

// AppendScore appends a score as registers hold it: the bits of the float64, big endian.
// There is one zero.
func AppendScore(b []byte, score float64) []byte {
	return binary.BigEndian.AppendUint64(b, math.Float64bits(score+0)) // -0 + 0 is 0
}

// parseScore reads what AppendScore wrote; ok is false when it cannot have.
func parseScore(b []byte) (score float64, ok bool) {
	if len(b) != scoreBytes {
		return 0, false
	}
	score = math.Float64frombits(binary.BigEndian.Uint64(b))
	return score, !math.IsNaN(score) && (score != 0 || !math.Signbit(score))
}

// Score returns the score that a read of a member shows; ok is false when it is not in the
// sorted set. An infinite score stays infinite whatever is added; a sum beyond the range
// is shown as infinite, and comes back when something is taken from it.
func (f *Field) Score() (score float64, ok bool) {
	s, has := f.Register.Shown()
	if has {
		score, _ = parseScore(s.Value)
	}
	if !f.Counter.Live() || math.IsInf(score, 0) {
		return score, has
	}
	return TotalOfFloat(score).Add(f.Counter.Sum()).Float64(), true
}

// ScoreAfter returns the score that the member would show after adding delta, NaN where
// that is none.
func (f *Field) ScoreAfter(delta float64) float64 {
	score, _ := f.Score()
	base, _ := f.Register.Shown()
	shown, _ := parseScore(base.Value)
	if math.IsInf(delta, 0) || math.IsInf(shown, 0) {
		return score + delta
	}
	return TotalOfFloat(shown).Add(f.Counter.Sum()).Add(TotalOfFloat(delta)).Float64()
}

// DecodeScore reads the content of a member of a sorted set as Append wrote it; the result
// shares b. Errors match ErrMalformed.
func DecodeScore(b []byte) (Field, error) {
	f, err := decodeEndless(b)
	if err != nil {
		return f, err
	}
	var d decoder
	for _, s := range f.Register.Siblings {
		d.checkScore(s.Value)
	}
	return f, d.err
}

func (d *decoder) checkScore(value []byte) {
	if _, ok := parseScore(value); !ok {
		d.fail("%x is no score", value)
	}
}

// checkScores refuses changes that assign what is no score.
func (d *decoder) checkScores(list []FieldChange) {
	for i := range list {
		if list[i].Assign {
			d.checkScore(list[i].Value)
		}
	}
}
