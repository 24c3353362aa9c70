package crdt

import (
	"slices"
	"testing"

	"github.com/atollkv/atoll/clock"
)

// edited returns what an edit makes of a field; the field stays as it was.
func edited(f Field, e Edit, tag Tag, ctx Context) Field {
	f.Apply(&e, tag, ctx)
	return f
}

// Each state of a field with deadlines, each operation, each outcome.
func TestFieldExpiryTable(t *testing.T) {
	setA, setB, byC, byD := tag(originA, 1, 1), tag(originB, 1, 2), tag(originC, 1, 4), tag(0xD, 1, 5)
	set := func(v string, e *Expiry) Edit { return Edit{Clear: true, Assign: true, Value: []byte(v), Expiry: e} }
	until := func(at int64) Edit { return Edit{Expiry: &Expiry{At: at}} }
	ofAll := func(at int64) Edit { return Edit{Expiry: &Expiry{At: at, Rest: true}} }
	add := func(f Field, by Tag) Edit {
		var e Edit
		e.Add(&f.Counter, TotalOf(1), by)
		return e
	}
	del := func(f Field) Edit { return f.Deletion() }
	sawA := knew(setA.Dot)
	plain := edited(Field{}, set("a", nil), setA, knew())
	timed := edited(Field{}, set("a", &Expiry{At: 10}), setA, knew())
	count := edited(Field{}, add(Field{}, setA), setA, knew())
	ending := edited(count, ofAll(10), setB, sawA)
	sawAB := knew(setA.Dot, setB.Dot)
	for name, c := range map[string]struct {
		f     Field
		until int64
		live  bool
		gone  bool // at 10
	}{
		"nothing":                                  {Field{}, Never, false, false},
		"HSET":                                     {plain, Never, true, false},
		"HSETEX":                                   {timed, 10, true, true},
		"HSET that saw it":                         {edited(timed, set("b", nil), setB, sawA), Never, true, false},
		"HEXPIRE that saw it, shorter":             {edited(timed, until(5), byC, sawA), 5, true, true},
		"concurrent HEXPIREs: the longer":          {edited(edited(timed, until(20), byD, sawA), until(200), byC, sawA), 200, true, false},
		"the same, the other way round":            {edited(edited(timed, until(200), byC, sawA), until(20), byD, sawA), 200, true, false},
		"HPERSIST":                                 {edited(timed, until(Never), byC, sawA), Never, true, false},
		"HPERSIST beside HEXPIRE":                  {edited(edited(timed, until(Never), byC, sawA), until(5), byD, sawA), Never, true, false},
		"HEXPIRE beside HSET: the HSET has none":   {edited(edited(timed, until(5), byC, sawA), set("b", nil), setB, sawA), Never, true, false},
		"HSET beside HEXPIRE":                      {edited(edited(timed, set("b", nil), setB, sawA), until(5), byC, sawA), Never, true, false},
		"HINCRBY of a value keeps it":              {edited(timed, add(timed, byC), byC, sawA), 10, true, true},
		"HINCRBY of a counter keeps it":            {edited(ending, add(ending, byC), byC, sawAB), 10, true, true},
		"HEXPIRE beside HINCRBY of a counter":      {edited(edited(count, add(count, byC), byC, sawA), ofAll(10), setB, sawA), 10, true, true},
		"HDEL":                                     {edited(ending, del(ending), byC, sawAB), Never, false, false},
		"HDEL beside HEXPIRE of a value":           {edited(edited(plain, until(9), byC, sawA), del(plain), byD, sawA), Never, false, false},
		"HEXPIRE of a value beside HDEL":           {edited(edited(plain, del(plain), byD, sawA), until(9), byC, sawA), Never, false, false},
		"HDEL beside HEXPIRE of a counter":         {edited(ending, del(count), byC, sawA), 10, false, true},
		"HEXPIRE of a counter beside HDEL":         {edited(edited(count, del(count), byC, sawA), ofAll(10), setB, sawA), 10, false, true},
		"what is left over, and HINCRBY":           {edited(edited(ending, del(count), byC, sawA), add(Field{}, byD), byD, sawA), 10, true, true},
		"HDEL of what is left over":                {edited(edited(ending, del(count), byC, sawA), Edit{Clear: true}, byD, knew(setA.Dot, setB.Dot, byC.Dot)), Never, false, false},
		"hidden by a deletion of the hash":         {hiddenBy(ending, setA.Dot, setB.Dot), Never, false, false},
		"a value hidden, with its deadline":        {hiddenBy(edited(plain, until(9), byC, sawA), setA.Dot), Never, false, false},
		"hidden but for the deadline of a counter": {hiddenBy(ending, setA.Dot), 10, false, true},
	} {
		if at, live, gone := c.f.Until(), c.f.Live(), c.f.Gone(10); at != c.until || live != c.live || gone != c.gone {
			t.Errorf("%s: until %d, live %v, gone %v: %+v", name, at, live, gone, c.f)
		}
		if c.f.Gone(4) && c.live {
			t.Errorf("%s: gone too early", name)
		}
		if c.f.Empty() != (!c.live && len(c.f.Expiry) == 0 && c.f.Counter.Empty()) {
			t.Errorf("%s: empty %v", name, c.f.Empty())
		}
		again, err := DecodeField(c.f.Append(nil))
		if err != nil || !slices.Equal(again.Expiry, c.f.Expiry) {
			t.Errorf("%s: decodes as %+v, %v", name, again, err)
		}
	}
	if len(ending.Expiry) != 1 || len(timed.Expiry) != 1 {
		t.Error("the states that they began with have changed")
	}
}

func hiddenBy(f Field, dots ...clock.Dot) Field {
	f.Hide(sawVector(dots...))
	return f
}

// A change claims the hash where it writes, and says where it sets deadlines.
func TestClaimsOfDeadlinesOfFields(t *testing.T) {
	ends := FieldChange{[]byte("f"), Edit{Expiry: &Expiry{At: 9}}}
	sets := FieldChange{[]byte("f"), Edit{Assign: true, Expiry: &Expiry{At: 9}}}
	byA, byB, byC := tag(originA, 1, 1), tag(originB, 1, 2), tag(originC, 1, 3)
	types := func(h Header) (list []Type) {
		for _, c := range h.Claims {
			list = append(list, c.Type)
		}
		return list
	}
	only := written(Header{}, Change{Fields: []FieldChange{ends}}, byA, knew())
	both := written(Header{}, Change{Fields: []FieldChange{sets}}, byA, knew())
	for name, c := range map[string]struct {
		h    Header
		want []Type
	}{
		"HEXPIRE alone":             {only, []Type{TypeDeadlines}},
		"HSETEX":                    {both, []Type{TypeHash, TypeDeadlines}},
		"the last HDEL":             {written(both, Change{UnclaimHash: true}, byB, knew(byA.Dot)), nil},
		"HDEL beside HEXPIRE":       {written(written(both, Change{Fields: []FieldChange{ends}}, byC, knew(byA.Dot)), Change{UnclaimHash: true}, byB, knew(byA.Dot)), []Type{TypeDeadlines}},
		"HSET after it":             {written(both, Change{Fields: []FieldChange{{[]byte("f"), Edit{Clear: true, Assign: true}}}}, byB, knew(byA.Dot)), []Type{TypeHash, TypeDeadlines}},
		"DEL":                       {written(both, Change{Clear: true}, byB, knew(byA.Dot)), nil},
		"HINCRBY, with a deadline":  {written(Header{}, Change{Fields: []FieldChange{{[]byte("f"), Edit{Increment: &Increment{Base: 1}, Expiry: &Expiry{}}}}}, byA, knew()), []Type{TypeHash, TypeCounters, TypeDeadlines}},
		"a deadline of another one": {written(only, Change{Fields: []FieldChange{ends}}, byB, knew()), []Type{TypeDeadlines, TypeDeadlines}},
	} {
		if got := types(c.h); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
	if only.hasRest() || !both.hasRest() {
		t.Error("a hash that may have fields with deadlines is taken for one, or the other way round")
	}
}
