package clock

import (
	"math"
	"testing"
)

func TestTimestampsHoldWhatTheyAreMadeOf(t *testing.T) {
	for name, c := range map[string]struct {
		millis, want int64
		counter      uint16
	}{
		"the epoch":            {0, 0, 0},
		"today":                {1_700_000_000_000, 1_700_000_000_000, 9},
		"before the epoch":     {-5, 0, 1},
		"after the last year":  {1 << 60, 1<<48 - 1, math.MaxUint16},
		"the last millisecond": {1<<48 - 1, 1<<48 - 1, 3},
	} {
		ts := MakeTimestamp(c.millis, c.counter)
		if ts.WallMillis() != c.want || ts.Counter() != c.counter {
			t.Errorf("%s: %d+%d", name, ts.WallMillis(), ts.Counter())
		}
	}
	if got := MakeTimestamp(1_700_000_000_000, 1).String(); got != "2023-11-14T22:13:20.000Z+1" {
		t.Error(got)
	}
}

func TestStampsOrderByTimeThenOrigin(t *testing.T) {
	ordered := []Stamp{{1, 5}, {1, 6}, {2, 1}}
	for i, a := range ordered {
		for j, b := range ordered {
			if got, want := a.Compare(b), compare(uint64(i), uint64(j)); got != want || a.After(b) != (i > j) {
				t.Errorf("%v with %v: %d", a, b, got)
			}
		}
	}
}

func TestDotsOrderByOriginThenSequence(t *testing.T) {
	if (Dot{1, 9}).Compare(Dot{2, 1}) != -1 || (Dot{1, 9}).Compare(Dot{1, 8}) != 1 || (Dot{1, 9}).Compare(Dot{1, 9}) != 0 {
		t.Fatal("wrong order")
	}
}

func TestOriginsReadWhatTheyPrint(t *testing.T) {
	for _, o := range []Origin{1, 0xdeadbeef, math.MaxUint64} {
		if got, err := ParseOrigin(o.String()); err != nil || got != o {
			t.Errorf("%v: %v %v", o, got, err)
		}
	}
	for _, s := range []string{"", "1", "00000000000000001", "000000000000000g", "+000000000000001", "0x00000000000001"} {
		if o, err := ParseOrigin(s); err == nil {
			t.Errorf("%q was read as %v", s, o)
		}
	}
	list := []Origin{3, 1, 2}
	if SortOrigins(list); list[0] != 1 || list[2] != 3 {
		t.Error(list)
	}
}
