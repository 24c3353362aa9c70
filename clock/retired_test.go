package clock

import "testing"

func vec(pairs ...uint64) VersionVector {
	var v VersionVector
	for i := 0; i < len(pairs); i += 2 {
		v.Advance(Origin(pairs[i]), Seq(pairs[i+1]))
	}
	return v
}

func retire(o, seal, by, at uint64) Retirement {
	return Retirement{Origin: Origin(o), Seal: Seq(seal), By: []Dot{{Origin(by), Seq(at)}}}
}

func TestARetiredOriginIsCoveredByWhoeverHasSeenItsRetirement(t *testing.T) {
	// 1 was retired by 2:5, 2 by 3:7.
	table := (*Retired)(nil).With(retire(1, 9, 2, 5)).With(retire(2, 6, 3, 7))
	for name, c := range map[string]struct {
		v    VersionVector
		dot  Dot
		want bool
	}{
		"named far enough":                    {vec(1, 4), Dot{1, 4}, true},
		"named, not far enough":               {vec(1, 4), Dot{1, 5}, false},
		"the retirement was seen":             {vec(2, 5), Dot{1, 9}, true},
		"the update before the retirement":    {vec(2, 4), Dot{1, 9}, false},
		"above the seal":                      {vec(2, 6), Dot{1, 10}, false},
		"through an author that is retired":   {vec(3, 7), Dot{1, 9}, true},
		"the author's retirement was not yet": {vec(3, 6), Dot{1, 1}, false},
		"an origin that is not retired":       {vec(3, 7), Dot{4, 1}, false},
	} {
		if got := c.v.Under(table).Covers(c.dot); got != c.want {
			t.Errorf("%s: %v covers %v: %v", name, c.v, c.dot, got)
		}
	}
}

func TestAVectorDropsWhatItCoversWithoutNamingIt(t *testing.T) {
	table := (*Retired)(nil).With(retire(1, 9, 2, 5))
	if v := vec(1, 9, 2, 5, 4, 1).Under(table); !v.Equal(vec(2, 5, 4, 1)) || v.Get(1) != 9 || v.Missing(vec(1, 9, 4, 3)) != 2 {
		t.Errorf("became %v, with %d of the retired origin", v, v.Get(1))
	}
	if v := vec(1, 9, 2, 4).Under(table); !v.Equal(vec(1, 9, 2, 4)) {
		t.Errorf("became %v without having seen the retirement", v)
	}
	if !vec(1, 3).LessEq(vec(2, 5).Under(table)) || vec(1, 3).LessEq(vec(2, 4).Under(table)) {
		t.Error("LessEq does not take the table into account")
	}
	v := vec(2, 4).Under(table)
	if v.Join(vec(1, 2)); v.Get(1) != 2 {
		t.Errorf("joined to %v", v)
	}
}

func TestAnOriginThatWasRetiredTwiceIsCoveredByEither(t *testing.T) {
	table := (*Retired)(nil).With(retire(1, 9, 2, 5)).With(retire(1, 9, 3, 1))
	for _, v := range []VersionVector{vec(2, 5), vec(3, 1)} {
		if got := v.Under(table).Get(1); got != 9 {
			t.Errorf("%v has %d", v, got)
		}
	}
}

func TestLongChainsOfRestartsAreNotWalked(t *testing.T) {
	var table *Retired
	const n = 5000
	var all []Retirement
	for o := uint64(1); o <= n; o++ {
		all = append(all, retire(o, 1, o+1, 1))
	}
	table = table.With(all...)
	v := vec(n+1, 1).Under(table)
	for o := Origin(1); o <= n; o++ {
		if v.Get(o) != 1 {
			t.Fatalf("origin %d is not covered", o)
		}
	}
}
