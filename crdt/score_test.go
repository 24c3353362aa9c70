package crdt

import (
	"errors"
	"math"
	"testing"

	"github.com/atollkv/atoll/clock"
)

// Each state of a member, each operation, each outcome: conflicts of sorted sets.
func TestScoreTable(t *testing.T) {
	write := tag(originC, 2, 15)
	at := func(score float64) Register {
		return Register{[]Sibling{{tag(originA, 1, 10), AppendScore(nil, score)}}}
	}
	two := Register{[]Sibling{{tag(originB, 1, 11), AppendScore(nil, 2)}, {tag(originA, 1, 10), AppendScore(nil, 1)}}}
	of := func(f float64) Counter {
		return Counter{Shards: []Shard{{Origin: originB, Seq: 3, Time: 12, Base: 1, Total: TotalOfFloat(f)}}}
	}
	a, b1, b3, b2 := dot(originA, 1), dot(originB, 1), dot(originB, 3), dot(originB, 2)
	floor := []Floor{{Origin: originB, Seq: 2, Total: TotalOfFloat(0.1)}}
	all := []Floor{{Origin: originB, Seq: 3, Total: TotalOfFloat(0.3)}}
	add := func(f *Field, score float64, floors []Floor, ctx Context) {
		f.Apply(&Edit{Clear: true, Floors: floors, Assign: true, Value: AppendScore(nil, score)}, write, ctx)
	}
	remove := func(f *Field, floors []Floor, ctx Context) { f.Apply(&Edit{Clear: true, Floors: floors}, write, ctx) }
	more := func(f *Field, by float64) {
		var e Edit
		e.Add(&f.Counter, TotalOfFloat(by), write)
		f.Apply(&e, write, saw())
	}
	gone := math.NaN()
	for name, c := range map[string]struct {
		start Field
		do    func(*Field)
		want  float64
	}{
		"nothing":                           {Field{}, func(*Field) {}, gone},
		"a score":                           {Field{Register: at(4.1)}, func(*Field) {}, 4.1},
		"two of two regions":                {Field{Register: two}, func(*Field) {}, 2},
		"two, the shown one hidden":         {Field{Register: two}, func(f *Field) { f.Hide(saw(b1).Seen) }, 1},
		"increments":                        {Field{Counter: of(0.3)}, func(*Field) {}, 0.3},
		"increments that cancel out":        {Field{Counter: of(0)}, func(*Field) {}, 0},
		"increments over a score":           {Field{Register: at(1.1), Counter: of(2)}, func(*Field) {}, 3.1},
		"ZADD to nothing":                   {Field{}, func(f *Field) { add(f, 7, nil, saw()) }, 7},
		"ZADD of minus zero":                {Field{}, func(f *Field) { add(f, math.Copysign(0, -1), nil, saw()) }, 0},
		"ZADD that saw all":                 {Field{Register: at(1), Counter: of(0.3)}, func(f *Field) { add(f, 7, all, saw(a, b3)) }, 7},
		"ZADD that saw a part":              {Field{Register: at(1), Counter: of(0.3)}, func(f *Field) { add(f, 5, floor, saw(a, b2)) }, 5.2},
		"ZADD that saw nothing":             {Field{Register: at(1), Counter: of(1)}, func(f *Field) { add(f, 5, nil, saw()) }, 6},
		"ZREM that saw all":                 {Field{Register: at(1), Counter: of(0.3)}, func(f *Field) { remove(f, all, saw(a, b3)) }, gone},
		"ZREM that saw the score only":      {Field{Register: at(4.1), Counter: of(2)}, func(f *Field) { remove(f, nil, saw(a)) }, 2},
		"ZREM that saw a part":              {Field{Register: at(1), Counter: of(0.3)}, func(f *Field) { remove(f, floor, saw(a, b2)) }, 0.19999999999999998},
		"ZREM that saw nothing":             {Field{Register: at(1), Counter: of(1)}, func(f *Field) { remove(f, nil, saw()) }, 2},
		"ZINCRBY of nothing":                {Field{}, func(f *Field) { more(f, 0.1) }, 0.1},
		"ZINCRBY of all":                    {Field{Register: at(1.1), Counter: of(1)}, func(f *Field) { more(f, 1) }, 3.1},
		"beyond the range":                  {Field{Register: at(math.MaxFloat64), Counter: of(math.MaxFloat64)}, func(*Field) {}, math.Inf(1)},
		"beyond the range and back":         {Field{Register: at(math.MaxFloat64), Counter: of(math.MaxFloat64)}, func(f *Field) { more(f, -math.MaxFloat64) }, math.MaxFloat64},
		"infinite, whatever is added":       {Field{Register: at(math.Inf(-1)), Counter: of(1e300)}, func(*Field) {}, math.Inf(-1)},
		"hidden: the score":                 {Field{Register: at(4.1), Counter: of(2)}, func(f *Field) { f.Hide(saw(a).Seen) }, 2},
		"hidden: all":                       {Field{Register: at(4.1), Counter: of(2)}, func(f *Field) { f.Hide(saw(a, b3).Seen) }, gone},
		"folded":                            {Field{Register: at(4.1), Counter: of(0.3)}, func(f *Field) { f.Counter.Fold(foldB) }, 4.3999999999999995},
		"folded with a floor":               {Field{Counter: of(0.3)}, func(f *Field) { f.Counter.Reset(floor, dot(originB, 4)); f.Counter.Fold(foldB) }, 0.19999999999999998},
		"tenths, rounded once":              {Field{Counter: of(0.1)}, func(f *Field) { more(f, 0.7) }, 0.7999999999999999},
		"what is far smaller is not lost":   {Field{Register: at(1e16), Counter: of(1)}, func(f *Field) { more(f, -1e16) }, 1},
		"what is far smaller, taken of two": {Field{Register: at(1e16), Counter: of(0.5)}, func(f *Field) { remove(f, nil, saw(a)) }, 0.5},
	} {
		f := c.start
		c.do(&f)
		got, ok := f.Score()
		if ok != f.Live() || ok == math.IsNaN(c.want) || ok && got != c.want || math.Signbit(got) != math.Signbit(c.want) && ok {
			t.Errorf("%s: %v (%v), want %v", name, got, ok, c.want)
		}
		back, err := DecodeScore(f.Append(nil))
		if again, _ := back.Score(); err != nil || again != got {
			t.Errorf("%s: decoded %v, %v", name, again, err)
		}
	}
}

// 0.3 less the floor of 0.1 is what is exactly between them, not 0.3-0.1 as float64s would
// have it after any other order of additions.
func TestWhatAResetSawSubtractsExactly(t *testing.T) {
	var f Field
	parts := []float64{0.1, 1e300, 0.7, -1e300, 1e-300}
	seen, left := Total{}, Total{}
	for i, by := range parts {
		var e Edit
		e.Add(&f.Counter, TotalOfFloat(by), tag(originA, clock.Seq(i+1), 10))
		f.Apply(&e, tag(originA, clock.Seq(i+1), 10), saw())
		if i < 2 {
			seen = seen.Add(TotalOfFloat(by))
		} else {
			left = left.Add(TotalOfFloat(by))
		}
	}
	f.Apply(&Edit{Clear: true, Floors: []Floor{{Origin: originA, Seq: 2, Total: seen}}}, tag(originB, 1, 5), saw(dot(originA, 2)))
	if f.Counter.Sum() != left {
		t.Errorf("%v remain, want %v", f.Counter.Sum(), left)
	}
}

func TestScoreAfter(t *testing.T) {
	at := func(score float64) Field {
		return Field{Register: Register{[]Sibling{{tag(originA, 1, 10), AppendScore(nil, score)}}}}
	}
	inf := math.Inf(1)
	for _, c := range []struct {
		f        Field
		by, want float64
	}{
		{Field{}, 1.5, 1.5}, {at(1.1), 1, 2.1}, {at(inf), 5, inf}, {at(1), -inf, -inf}, {at(inf), inf, inf},
		{at(math.MaxFloat64), math.MaxFloat64, inf}, {at(inf), -inf, math.NaN()},
	} {
		if got := c.f.ScoreAfter(c.by); got != c.want && !(math.IsNaN(got) && math.IsNaN(c.want)) {
			t.Errorf("%v by %v: %v, want %v", c.f, c.by, got, c.want)
		}
	}
}

func TestWhatIsNoScoreIsRefused(t *testing.T) {
	for name, value := range map[string][]byte{
		"a text":     []byte("5"),
		"NaN":        {0x7f, 0xf8, 0, 0, 0, 0, 0, 1},
		"minus zero": {0x80, 0, 0, 0, 0, 0, 0, 0},
	} {
		f := Field{Register: Register{[]Sibling{{tag(originA, 1, 10), value}}}}
		if _, err := DecodeScore(f.Append(nil)); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s in a cell: %v", name, err)
		}
		u := Update{Changes: []Change{{Key: []byte("z"), Scores: []FieldChange{{[]byte("m"), Edit{Assign: true, Value: value}}}}}}
		if _, err := DecodeUpdate(u.Append(nil)); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s in an update: %v", name, err)
		}
	}
}
