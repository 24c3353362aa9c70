package verify

import (
	"errors"
	"math/rand/v2"
	"testing"
)

func TestTheFieldIsAField(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for range 2000 {
		a, b, c := element(rng.Uint64()), element(rng.Uint64()), element(rng.Uint64())
		if mul(a, inverse(a)) != 1 || sub(add(a, b), b) != a || mul(a, b) != mul(b, a) ||
			mul(a, add(b, c)) != add(mul(a, b), mul(a, c)) || mul(mul(a, b), c) != mul(a, mul(b, c)) {
			t.Fatal(a, b, c)
		}
	}
	if mul(prime-1, prime-1) != 1 || add(prime-1, 1) != 0 || sub(0, 1) != prime-1 {
		t.Error("edges")
	}
}

// reconcile returns what differs, and how many symbols that took.
func reconcile(t *testing.T, mine, theirs []entry, salt uint64, tagged bool) (map[uint64]uint64, int) {
	t.Helper()
	a, b := newEncoder(mine, salt), newEncoder(theirs, salt)
	d := &decoder{salt: salt, tagged: tagged}
	if !tagged {
		d.plausible = func(k uint64) bool { return k <= 1<<14 }
	}
	n := 0
	for !d.done() {
		step := max(1, n/16)
		if n += step; n > 10*(len(mine)+len(theirs))+100 {
			t.Fatal("does not decode")
		}
		x, err := decodeSymbols(appendSymbols(nil, b.more(step), tagged), step, tagged)
		if err != nil {
			t.Fatal(err)
		}
		d.take(a.more(step), x)
	}
	return d.differences(), n
}

func TestASketchFindsExactlyWhatDiffers(t *testing.T) {
	for _, differ := range []int{0, 1, 2, 5, 30, 300, 3000} {
		rng := rand.New(rand.NewPCG(uint64(differ), 7))
		symbols := 0
		const runs = 5
		for run := range uint64(runs) {
			var mine, theirs []entry
			want := map[uint64]uint64{}
			for i := range 5000 {
				e := entry{element(rng.Uint64()), element(rng.Uint64())}
				if i >= differ {
					mine, theirs = append(mine, e), append(theirs, e)
					continue
				}
				switch i % 3 {
				case 0:
					other := entry{e.key, element(rng.Uint64())}
					mine, theirs = append(mine, e), append(theirs, other)
					want[e.key] = sub(e.value, other.value)
				case 1:
					mine = append(mine, e)
					want[e.key] = e.value
				default:
					theirs = append(theirs, e)
					want[e.key] = sub(0, e.value)
				}
			}
			got, n := reconcile(t, mine, theirs, run, true)
			symbols += n
			if len(got) != len(want) {
				t.Fatalf("%d differences, want %d", len(got), len(want))
			}
			for k, x := range want {
				if got[k] != x {
					t.Fatalf("key %d differs by %d, want %d", k, got[k], x)
				}
			}
		}
		t.Logf("%d differences: %.2f symbols each", differ, float64(symbols)/runs/float64(max(1, differ)))
		if differ >= 300 && symbols > runs*differ*2 {
			t.Errorf("%d differences took %d symbols in %d runs", differ, symbols, runs)
		}
	}
}

func TestSmallKeysNeedNoTag(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 7))
	var mine, theirs []entry
	for k := range uint64(1 << 14) {
		v := element(rng.Uint64())
		mine = append(mine, entry{k + 1, v})
		if k%100 == 0 {
			v = element(rng.Uint64())
		}
		theirs = append(theirs, entry{k + 1, v})
	}
	got, n := reconcile(t, mine, theirs, 5, false)
	for k := range uint64(1 << 14) {
		if (got[k+1] != 0) != (k%100 == 0) {
			t.Fatalf("slot %d: differs by %d", k, got[k+1])
		}
	}
	if n > 2*len(got) {
		t.Errorf("%d symbols for %d differences", n, len(got))
	}
}

func TestMalformedSymbolsAreRefused(t *testing.T) {
	big := appendSymbols(nil, []symbol{{value: prime}}, true)
	for _, b := range [][]byte{nil, make([]byte, 23), make([]byte, 25), big} {
		if _, err := decodeSymbols(b, 1, true); !errors.Is(err, ErrMalformed) {
			t.Errorf("%d bytes: %v", len(b), err)
		}
	}
}

// Whatever a peer sends, the decoder ends.
func TestADecoderEndsOnNonsense(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 7))
	d := &decoder{tagged: true}
	for range 200 {
		nonsense := make([]symbol, 64)
		for i := range nonsense {
			// Each looks like a single entry.
			nonsense[i] = weigh(entry{element(rng.Uint64()), element(rng.Uint64())})
		}
		d.take(make([]symbol, 64), nonsense)
	}
	if d.done() {
		t.Error("nonsense decodes")
	}
}
