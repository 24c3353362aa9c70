package crdt

import (
	"errors"
	"strings"
	"testing"

	"github.com/atollkv/atoll/clock"
)

// Each state of a field, each operation, each outcome.
func TestFieldTable(t *testing.T) {
	write := tag(originC, 2, 15)
	register := Register{[]Sibling{{tag(originA, 1, 10), []byte("10")}}}
	counter := Counter{Shards: []Shard{{Origin: originB, Seq: 3, Time: 12, Base: 1, Total: TotalOf(5)}}}
	pool := Counter{Pools: []Pool{{1, tag(originB, 3, 12), TotalOf(5)}}}
	a, b3, b2 := dot(originA, 1), dot(originB, 3), dot(originB, 2)
	floor := []Floor{{Origin: originB, Seq: 2, Total: TotalOf(3)}}
	all := []Floor{{Origin: originB, Seq: 3, Total: TotalOf(5)}}
	set := func(f *Field, floors []Floor, ctx Context) {
		f.Apply(&Edit{Clear: true, Floors: floors, Assign: true, Value: []byte("7")}, write, ctx)
	}
	for name, c := range map[string]struct {
		start Field
		do    func(*Field)
		want  string
	}{
		"nothing":                        {Field{}, func(*Field) {}, "gone"},
		"a value":                        {Field{Register: register}, func(*Field) {}, "10"},
		"increments":                     {Field{Counter: counter}, func(*Field) {}, "5"},
		"increments over a value":        {Field{Register: register, Counter: counter}, func(*Field) {}, "15"},
		"HSET to nothing":                {Field{}, func(f *Field) { set(f, nil, saw()) }, "7"},
		"HSET that saw all":              {Field{Register: register, Counter: counter}, func(f *Field) { set(f, all, saw(a, b3)) }, "7"},
		"HSET that saw a part":           {Field{Register: register, Counter: counter}, func(f *Field) { set(f, floor, saw(a, b2)) }, "9"},
		"HSET that saw nothing":          {Field{Register: register, Counter: counter}, func(f *Field) { set(f, nil, saw()) }, "12 10"},
		"HSET that saw the pool":         {Field{Register: register, Counter: pool}, func(f *Field) { set(f, nil, saw(a, b3)) }, "7"},
		"HDEL from nothing":              {Field{}, func(f *Field) { f.Apply(&Edit{Clear: true}, write, saw(a)) }, "gone"},
		"HDEL that saw all":              {Field{Register: register, Counter: counter}, func(f *Field) { f.Apply(&Edit{Clear: true, Floors: all}, write, saw(a, b3)) }, "gone"},
		"HDEL that saw a part":           {Field{Register: register, Counter: counter}, func(f *Field) { f.Apply(&Edit{Clear: true, Floors: floor}, write, saw(a, b2)) }, "2"},
		"HDEL that saw nothing":          {Field{Register: register, Counter: counter}, func(f *Field) { f.Apply(&Edit{Clear: true}, write, saw()) }, "15"},
		"HINCRBY of nothing":             {Field{}, func(f *Field) { increment(f, 2, write) }, "2"},
		"HINCRBY of all":                 {Field{Register: register, Counter: counter}, func(f *Field) { increment(f, 2, write) }, "17"},
		"hidden: the value":              {Field{Register: register, Counter: counter}, func(f *Field) { f.Hide(saw(a).Seen) }, "5"},
		"hidden: the increments":         {Field{Register: register, Counter: counter}, func(f *Field) { f.Hide(saw(b3).Seen) }, "10"},
		"hidden: a part of a shard":      {Field{Register: register, Counter: counter}, func(f *Field) { f.Hide(saw(b2).Seen) }, "15"},
		"hidden: the pool":               {Field{Register: register, Counter: pool}, func(f *Field) { f.Hide(saw(b3).Seen) }, "10"},
		"hidden: all":                    {Field{Register: register, Counter: counter}, func(f *Field) { f.Hide(saw(a, b3).Seen) }, "gone"},
		"hidden by nothing":              {Field{Register: register, Counter: counter}, func(f *Field) { f.Hide(clock.VersionVector{}) }, "15"},
		"hidden, then folded":            {Field{Counter: counter}, func(f *Field) { f.Hide(saw(b3).Seen); f.Counter.Fold(foldB) }, "gone"},
		"a word, and increments over it": {Field{Register: Register{[]Sibling{{tag(originA, 1, 10), []byte("w")}}}, Counter: counter}, func(*Field) {}, "w"},
	} {
		f := c.start
		c.do(&f)
		if got := show(&f); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func foldB(o clock.Origin) (PoolID, bool) { return 1, o == originB }

func increment(f *Field, delta int64, at Tag) {
	var e Edit
	e.Add(&f.Counter, TotalOf(delta), at)
	f.Apply(&e, at, saw())
}

// show prints the value, and the siblings that it hides.
func show(f *Field) string {
	value, ok := f.Value()
	if ok != f.Live() {
		return "inconsistent"
	}
	if !ok {
		return "gone"
	}
	out := []string{string(value)}
	for _, s := range f.Register.Siblings[min(1, len(f.Register.Siblings)):] {
		out = append(out, string(s.Value))
	}
	return strings.Join(out, " ")
}

func TestAnUpdateOfFieldsThatNobodyCanHaveWritten(t *testing.T) {
	for name, e := range map[string]Edit{
		"a life that begins after its end": {Increment: &Increment{Base: 9, Total: TotalOf(1), Delta: TotalOf(1)}},
		"a reset of its own future":        {Clear: true, Floors: []Floor{{Origin: originC, Seq: 9}}},
	} {
		u := Update{Changes: []Change{{Key: []byte("h"), Fields: []FieldChange{{[]byte("f"), e}}}}}
		if err := u.Check(dot(originC, 2)); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAFieldIsNoHeader(t *testing.T) {
	for name, h := range map[string]Header{
		"claims": {Claims: []Claim{{TypeHash, tag(originA, 1, 1)}}},
		"hidden": {Hidden: clock.VectorOf(clock.Entry{Origin: originA, Seq: 1})},
	} {
		if _, err := DecodeField(h.Append(nil)); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
