package slotset

import (
	"errors"
	"math/rand/v2"
	"testing"
)

func TestASetSurvivesItsBytes(t *testing.T) {
	for _, n := range []int{0, 1, 2, 100, 5000, 16000, 16383, Slots} {
		var s Set
		for _, slot := range rand.New(rand.NewPCG(uint64(n), 1)).Perm(Slots)[:n] {
			s.Add(slot)
		}
		if s.Len() != n || s.Empty() != (n == 0) || s.Full() != (n == Slots) {
			t.Fatalf("%d slots, want %d", s.Len(), n)
		}
		b := s.Append(nil)
		back, err := Decode(b)
		if err != nil || back != s {
			t.Fatalf("%d slots in %d bytes: %v", n, len(b), err)
		}
		if limit := min(2*n, 2*(Slots-n), 2048) + 1; len(b) > limit {
			t.Errorf("%d slots take %d bytes, want at most %d", n, len(b), limit)
		}
		last := -1
		for slot := range s.All() {
			if slot <= last || !s.Has(slot) {
				t.Fatalf("slot %d after %d", slot, last)
			}
			last = slot
		}
	}
}

func TestSetsCombine(t *testing.T) {
	var a, b Set
	a.Add(1)
	a.Add(2)
	b.Add(2)
	b.Add(16383)
	and, or, without := a.And(b), a.Or(b), a.Without(b)
	if and.Len() != 1 || !and.Has(2) || or.Len() != 3 || without.Len() != 1 || !without.Has(1) {
		t.Error(and.Len(), or.Len(), without.Len())
	}
	a.Remove(1)
	if a.Has(1) || a.Len() != 1 {
		t.Error("removed and still there")
	}
}

func TestMalformedSetsAreRefused(t *testing.T) {
	for _, b := range [][]byte{nil, {3}, {formBits, 1}, {formList, 0xff}, {formList, 0x80, 0x80, 0x01}, {formMissing, 0xff, 0x7f, 0}} {
		if _, err := Decode(b); !errors.Is(err, ErrMalformed) {
			t.Errorf("%x: %v", b, err)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte{formList, 1, 2})
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := Decode(b)
		if err != nil {
			return
		}
		if back, err := Decode(s.Append(nil)); err != nil || back != s {
			t.Fatal("a decoded set does not survive its bytes")
		}
	})
}

func TestBounds(t *testing.T) {
	var s Set
	if _, _, some := s.Bounds(); some {
		t.Error("an empty set has bounds")
	}
	for _, slots := range [][]int{{7}, {0, 16383}, {63, 64, 900}} {
		var s Set
		for _, slot := range slots {
			s.Add(slot)
		}
		if first, last, some := s.Bounds(); !some || first != slots[0] || last != slots[len(slots)-1] {
			t.Errorf("bounds of %v: %d, %d", slots, first, last)
		}
	}
}
