package crdt

import (
	"errors"
	"testing"

	"github.com/atollkv/atoll/clock"
)

// set, expire and so on are what writers at a time do; each has seen what its context says.
func written(h Header, c Change, t Tag, ctx Context) Header {
	h.Apply(&c, t, ctx)
	return h
}

// knew is the context of a writer that had seen some updates.
func knew(dots ...clock.Dot) Context { return Context{Seen: sawVector(dots...)} }

func TestExpiryTable(t *testing.T) {
	setA, setB := tag(originA, 1, 1), tag(originB, 1, 2)
	assign := func(v string, e *Expiry) Change {
		return Change{Clear: true, Assign: true, Value: []byte(v), Expiry: e}
	}
	until := func(at int64) Change { return Change{Expiry: &Expiry{At: at}} }
	ofAll := func(at int64) Change { return Change{Expiry: &Expiry{At: at, Rest: true}} }
	sawA, sawAB := knew(setA.Dot), knew(setA.Dot, setB.Dot)
	plain := written(Header{}, assign("a", nil), setA, knew())
	timed := written(Header{}, assign("a", &Expiry{At: 10}), setA, knew())
	two := written(timed, assign("b", nil), setB, knew())
	byB, byC := tag(0xE, 1, 3), tag(originC, 1, 4)
	for name, c := range map[string]struct {
		h     Header
		until int64
	}{
		"a SET without a time":                            {plain, Never},
		"a SET with one":                                  {timed, 10},
		"a SET that saw it":                               {written(timed, assign("b", nil), setB, sawA), Never},
		"an EXPIRE that saw it, shorter":                  {written(timed, until(5), byC, sawA), 5},
		"concurrent EXPIREs: the longer":                  {written(written(timed, until(20), byB, sawA), until(200), byC, sawA), 200},
		"the same, the other way round":                   {written(written(timed, until(200), byC, sawA), until(20), byB, sawA), 200},
		"PERSIST that saw it":                             {written(timed, until(Never), byC, sawA), Never},
		"PERSIST beside EXPIRE":                           {written(written(timed, until(Never), byC, sawA), until(5), byB, sawA), Never},
		"EXPIRE that saw PERSIST":                         {written(written(timed, until(Never), byC, sawA), until(5), byB, knew(setA.Dot, byC.Dot)), 5},
		"EXPIRE beside SET: the SET has none":             {written(written(timed, until(5), byC, sawA), assign("b", nil), setB, sawA), Never},
		"SET beside EXPIRE: the other way round":          {written(written(timed, assign("b", nil), setB, sawA), until(5), byC, sawA), Never},
		"SETs beside each other: that of the shown":       {two, Never},
		"the shown sibling has one":                       {written(plain, assign("b", &Expiry{At: 7}), setB, knew()), 7},
		"an EXPIRE that saw both":                         {written(two, until(9), byC, sawAB), 9},
		"and when the shown one is deleted by who saw it": {written(written(two, until(9), byC, sawAB), Change{Clear: true}, tag(0xD, 1, 5), knew(setB.Dot)), 9},
		"EXPIRE of the rest, a value is shown":            {written(plain, ofAll(9), byC, knew()), Never},
	} {
		if got := c.h.Until(TypeString); got != c.until {
			t.Errorf("%s: until %d, want %d: %+v", name, got, c.until, c.h.Expiry)
		}
	}
}

func TestExpiryOfCollectionsTable(t *testing.T) {
	add, remove := Change{Adds: [][]byte{[]byte("m")}}, Change{Removes: [][]byte{[]byte("m")}, Unclaim: true, Expiry: &Expiry{None: true}}
	at := Change{Expiry: &Expiry{At: 9, Rest: true}}
	byA, byB, byC := tag(originA, 1, 1), tag(originB, 1, 2), tag(originC, 1, 3)
	set := written(Header{}, add, byA, knew())
	timed := written(set, at, byB, knew(byA.Dot))
	both := knew(byA.Dot, byB.Dot)
	for name, c := range map[string]struct {
		h     Header
		until int64
		gone  bool // at 9
	}{
		"a set":                               {set, Never, false},
		"a set with a deadline":               {timed, 9, true},
		"a member is added":                   {written(timed, add, byC, both), 9, true},
		"the set is emptied":                  {written(timed, remove, byC, both), Never, false},
		"a SET over it":                       {written(timed, Change{Clear: true, Assign: true}, byC, both), Never, false},
		"a DEL that saw no deadline":          {written(timed, Change{Clear: true}, byC, knew(byA.Dot)), 9, true},
		"a DEL that saw it":                   {written(timed, Change{Clear: true}, byC, both), Never, false},
		"a DEL beside PERSIST":                {written(written(set, Change{Expiry: &Expiry{Rest: true}}, byB, knew(byA.Dot)), Change{Clear: true}, byC, knew(byA.Dot)), Never, true},
		"its string alone has one, concealed": {written(set, Change{Clear: true, Assign: true, Expiry: &Expiry{At: 5}}, tag(originB, 1, 0), knew()), Never, false},
	} {
		h := c.h
		if got := h.Until(TypeSet); got != c.until {
			t.Errorf("%s: until %d, want %d: %+v", name, got, c.until, h.Expiry)
		}
		holds := func(Type) (bool, error) { return len(h.Claims) > 0, nil }
		if gone, err := h.Gone(9, holds); gone != c.gone || err != nil {
			t.Errorf("%s: gone %v %v", name, gone, err)
		}
		if gone, _ := h.Gone(4, holds); gone && len(h.Claims) > 0 {
			t.Errorf("%s: gone too early", name)
		}
	}
	broken := errors.New("broken")
	timed.Claims = append(timed.Claims, Claim{TypeHash, byC})
	if _, err := timed.Gone(9, func(Type) (bool, error) { return false, broken }); !errors.Is(err, broken) {
		t.Error("lost the error")
	}
}

func TestDueTable(t *testing.T) {
	sib := Register{[]Sibling{{tag(originA, 1, 1), []byte("v")}}}
	own := Deadline{tag(originA, 1, 1), 10, dot(originA, 1)}
	rest := Deadline{Tag: tag(originB, 2, 5<<16), At: 7}
	claim := []Claim{{TypeSet, tag(originB, 1, 2)}}
	count := Counter{Shards: []Shard{{Origin: originC, Seq: 1, Time: 30, Base: 1, Total: TotalOf(1)}}}
	never := Deadline{Tag: tag(originB, 2, 5), At: Never}
	for name, c := range map[string]struct {
		h    Header
		at   int64
		by   clock.Origin
		none bool
	}{
		"no deadline":                         {Header{Register: sib}, 0, 0, true},
		"a string":                            {Header{Register: sib, Expiry: []Deadline{own}}, 10, originA, false},
		"the rest of a plain string":          {Header{Register: sib, Expiry: []Deadline{rest, own}}, 10, originA, false},
		"increments over a string":            {Header{Register: sib, Counter: count, Expiry: []Deadline{rest, own}}, 10, originA, false},
		"increments alone":                    {Header{Counter: count, Expiry: []Deadline{rest}}, 7, originB, false},
		"a set beside a string: the sooner":   {Header{Register: sib, Claims: claim, Expiry: []Deadline{rest, own}}, 7, originB, false},
		"a set that persists beside a string": {Header{Register: sib, Claims: claim, Expiry: []Deadline{never, own}}, 10, originA, false},
		"a set that persists":                 {Header{Claims: claim, Expiry: []Deadline{never}}, 0, 0, true},
		"nothing is left":                     {Header{Expiry: []Deadline{rest}}, 5, originB, false},
		"nothing is left that persists":       {Header{Expiry: []Deadline{never}}, 1, originB, false},
	} {
		due, ok := c.h.Due()
		if ok == c.none || ok && (due.At != c.at || due.Dot.Origin != c.by) {
			t.Errorf("%s: %+v %v", name, due, ok)
		}
	}
}

func TestOfEqualDeadlinesTheNewerWasDecisive(t *testing.T) {
	old, young := Deadline{Tag: tag(originA, 1, 1), At: 5}, Deadline{Tag: tag(originB, 1, 2), At: 5}
	h := Field{Expiry: []Deadline{young, old}}
	if d, ok := h.lasting(clock.Dot{}); !ok || d != young {
		t.Errorf("%+v", d)
	}
}

func TestFlagsOfDeadlinesThatExcludeEachOther(t *testing.T) {
	for name, flags := range map[string]byte{
		"the rest of no deadline": moreRest, "a deadline and none": moreExpire | moreUnexpire, "all": moreExpiry,
	} {
		b := []byte{1, 0, 1, 1, 'k', 128, flags, 0}
		if _, err := DecodeUpdate(b); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
	far := append([]byte{1, 0, 1, 1, 'k', 128, moreExpire}, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01)
	if _, err := DecodeUpdate(far); !errors.Is(err, ErrMalformed) {
		t.Errorf("a time beyond 63 bits: %v", err)
	}
}
