package keyspace

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"
)

// A ring against a map that forgets nothing: what the ring has is what was put last, whatever was dropped,
// replaced in place, or moved meanwhile, at the boundaries too.
func TestCacheRingNeverTellsAnOldValue(t *testing.T) {
	for seed := range uint64(300) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		var r cacheRing
		r.init(make([]byte, 800+rnd.IntN(2000)))
		last := map[string][]byte{}
		hits := 0
		for step := range 2000 {
			key := fmt.Appendf(nil, "k%d", rnd.IntN(40))
			hash := uint64(key[1]) * 0x9e3779b97f4a7c15 // several keys have one hash
			switch rnd.IntN(20) {
			case 0:
				r.remove(hash)
			case 1:
				r.forget()
			case 2, 3, 4, 5, 6, 7, 8:
				value := bytes.Repeat([]byte{byte(step)}, rnd.IntN(60))
				if rnd.IntN(10) == 0 {
					value = nil
				}
				r.put(hash, key, value, uint64(step))
				last[string(key)] = value
			default:
				value, ok := r.get(hash, key, uint64(step))
				if !ok {
					continue
				}
				hits++
				want, known := last[string(key)]
				if !known || !bytes.Equal(value, want) || (value == nil) != (want == nil) {
					t.Fatalf("seed %d, step %d: %s is %x, want %x", seed, step, key, value, want)
				}
			}
			if r.used < 0 || r.used > len(r.bytes) {
				t.Fatalf("seed %d, step %d: %d of %d bytes used", seed, step, r.used, len(r.bytes))
			}
		}
		if hits == 0 {
			t.Fatalf("seed %d: the ring never had anything", seed)
		}
	}
}

// An entry counts from a commit on: who reads an older state is told nothing.
func TestCacheRingIsSilentOfOlderStates(t *testing.T) {
	var r cacheRing
	r.init(make([]byte, 1<<10))
	r.put(1, []byte("k"), []byte("v"), 7)
	if v, ok := r.get(1, []byte("k"), 6); ok {
		t.Errorf("the state of commit 6 has %q, which commit 7 wrote", v)
	}
	if v, ok := r.get(1, []byte("k"), 7); !ok || string(v) != "v" {
		t.Errorf("the state of commit 7 has %q, %v", v, ok)
	}
}

// What is read again and again stays, however much else is written once.
func TestCacheRingKeepsWhatIsRead(t *testing.T) {
	var r cacheRing
	r.init(make([]byte, 10<<10))
	value := make([]byte, 50)
	r.put(0, []byte("hot"), value, 0)
	for i := range 10_000 {
		r.put(uint64(i+1), fmt.Appendf(nil, "%d", i), value, 0)
		if _, ok := r.get(0, []byte("hot"), 0); !ok {
			t.Fatalf("gone after %d others", i+1)
		}
	}
	if _, ok := r.get(1, []byte("0"), 0); ok {
		t.Error("what was written once and never read is still there")
	}
}
