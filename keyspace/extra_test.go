package keyspace

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/atollkv/atoll/clock"
)

// Extras behave like a vector kept for each cell.
func TestExtrasAreAVectorForEachCell(t *testing.T) {
	const cells = 20
	name := func(i int) []byte { return fmt.Appendf(nil, "c%02d", i) }
	rapid.Check(t, func(t *rapid.T) {
		var e extras
		var model [cells]clock.VersionVector
		var vv clock.VersionVector
		for range rapid.IntRange(1, 12).Draw(t, "steps") {
			v := clock.VectorOf(clock.Entry{Origin: clock.Origin(rapid.IntRange(1, 3).Draw(t, "origin")), Seq: clock.Seq(rapid.IntRange(1, 9).Draw(t, "seq"))})
			if rapid.IntRange(0, 3).Draw(t, "settle") == 0 {
				vv.Join(v)
				e.settle(vv)
			} else {
				lo, hi := rapid.IntRange(-1, cells-1).Draw(t, "after"), rapid.IntRange(0, cells).Draw(t, "upTo")
				var after, upTo []byte
				if lo >= 0 {
					after = name(lo)
				}
				if hi < cells {
					upTo = name(hi)
				}
				if hi <= lo {
					continue
				}
				e.cover(after, upTo, above(v, vv))
				for i := lo + 1; i <= min(hi, cells-1); i++ {
					model[i].Join(v)
				}
			}
			b := e.appendTo(nil)
			back, rest, err := decodeExtras(b)
			if err != nil || len(rest) > 0 {
				t.Fatalf("decode: %v, %d bytes left", err, len(rest))
			}
			for i := range cells {
				want := above(model[i], vv)
				if got := above(back.at(name(i)), vv); !got.Equal(want) {
					t.Fatalf("cell %d: %v, want %v", i, got, want)
				}
				for j := i; j < cells; j++ {
					v, same := back.within(name(i), name(j))
					if same && !above(v, vv).Equal(above(model[j], vv)) {
						t.Fatalf("cells %d to %d are called equal", i, j)
					}
				}
			}
		}
	})
}

func TestExtrasRefuseOtherBytes(t *testing.T) {
	var e extras
	e.cover([]byte("a"), []byte("b"), clock.VectorOf(clock.Entry{Origin: 1, Seq: 1}))
	b := e.appendTo(nil)
	for i := range b {
		if _, _, err := decodeExtras(b[:i]); err == nil {
			t.Errorf("the first %d of %d bytes are taken for all", i, len(b))
		}
	}
}
