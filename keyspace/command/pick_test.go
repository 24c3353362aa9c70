package command

import "testing"

func TestPicks(t *testing.T) {
	seen := map[int64]bool{}
	for seed := range uint64(200) {
		last := int64(-1)
		for slot, p := range picks(3, 10, seed) {
			if p.place <= last || p.place >= 10 || p.slot != int64(slot) {
				t.Fatalf("seed %d: %v after %d", seed, p, last)
			}
			last, seen[p.place] = p.place, true
		}
	}
	if len(seen) != 10 {
		t.Errorf("only %v are ever picked", seen)
	}
	slots, last := map[int64]bool{}, int64(0)
	for _, p := range picks(-50, 4, 1) {
		if p.place < last || p.place >= 4 || slots[p.slot] {
			t.Errorf("%v after %d", p, last)
		}
		last, slots[p.slot] = p.place, true
	}
	if len(slots) != 50 {
		t.Errorf("%d of 50 places in the reply", len(slots))
	}
	for _, c := range []struct{ count, n, want int64 }{{5, 3, 3}, {0, 3, 0}, {1 << 62, 2, 2}, {-3, 0, 0}} {
		if got := picks(c.count, c.n, 1); int64(len(got)) != c.want {
			t.Errorf("%d of %d: %v", c.count, c.n, got)
		}
	}
}
