package clock

import (
	"bytes"
	"encoding/binary"
	"errors"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// dumb is a vector as a map: slow and plain.
type dumb map[Origin]Seq

func drawVector(t *rapid.T, label string) (VersionVector, dumb) {
	m := dumb(rapid.MapOf(
		rapid.Custom(func(t *rapid.T) Origin { return Origin(rapid.Uint64Range(1, 6).Draw(t, "o")) }),
		rapid.Custom(func(t *rapid.T) Seq { return Seq(rapid.Uint64Range(1, 4).Draw(t, "s")) }),
	).Draw(t, label))
	var v VersionVector
	for o, s := range m {
		v.Advance(o, s)
	}
	return v, m
}

func TestVectorsBehaveLikeMaps(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v, vm := drawVector(t, "v")
		w, wm := drawVector(t, "w")
		joined, keep := v, VectorOf(v.Entries()...)
		joined.Join(w)
		met := v.Meet(w)
		leq, missing, total := true, uint64(0), uint64(0)
		for o := Origin(1); o <= 6; o++ {
			leq = leq && vm[o] <= wm[o]
			missing += uint64(max(wm[o], vm[o]) - vm[o])
			total += uint64(vm[o])
			if joined.Get(o) != max(vm[o], wm[o]) {
				t.Fatalf("%v ⊔ %v = %v", v, w, joined)
			}
			if met.Get(o) != min(vm[o], wm[o]) {
				t.Fatalf("%v ⊓ %v = %v", v, w, met)
			}
			if v.Without(o).Get(o) != 0 || v.Covers(Dot{o, 2}) != (vm[o] >= 2) {
				t.Fatalf("%v without or covers %v", v, o)
			}
		}
		if v.LessEq(w) != leq || v.Missing(w) != missing || v.Total() != total || v.Len() != len(vm) {
			t.Fatalf("%v %v: ≤ %v missing %d total %d", v, w, v.LessEq(w), v.Missing(w), v.Total())
		}
		if !met.Equal(w.Meet(v)) || !met.LessEq(v) || !met.LessEq(w) {
			t.Fatal("meet is not a lower bound")
		}
		if !v.Equal(keep) {
			t.Fatal("Join changed what the copy shares")
		}
		other := w
		other.Join(v)
		if !other.Equal(joined) || !v.LessEq(joined) || !w.LessEq(joined) {
			t.Fatal("join is not the least upper bound")
		}
		back := v
		back.Join(v.Changes(joined))
		if !back.Equal(joined) || v.Changes(v).Len() != 0 {
			t.Fatalf("changes from %v to %v are %v", v, joined, v.Changes(joined))
		}
		got, rest, err := DecodeVector(append(joined.Append(nil), 'x'))
		if err != nil || !got.Equal(joined) || string(rest) != "x" {
			t.Fatalf("decoded %v %q %v", got, rest, err)
		}
	})
}

func TestAdvanceDoesNotChangeCopies(t *testing.T) {
	v := VectorOf(Entry{1, 1}, Entry{3, 3})
	w := v
	w.Advance(1, 9)
	w.Advance(2, 2)
	w.Advance(3, 2) // lower: nothing
	w.Advance(4, 0) // no update
	if v.String() != "{0000000000000001:1 0000000000000003:3}" || w.Len() != 3 || w.Get(3) != 3 {
		t.Fatalf("%v %v", v, w)
	}
}

func TestDecodeVectorRefuses(t *testing.T) {
	origin := func(o byte) []byte { return []byte{0, 0, 0, 0, 0, 0, 0, o} }
	for name, in := range map[string][]byte{
		"nothing":                       {},
		"an overlong count":             {0x80, 0x00},
		"more entries than bytes":       {2, 0, 0, 0, 0, 0, 0, 0, 1, 1},
		"more entries than the bound":   append(binary.AppendUvarint(nil, MaxVectorEntries+1), make([]byte, 9*(MaxVectorEntries+1))...),
		"a sequence of zero":            append(append([]byte{1}, origin(1)...), 0),
		"origins that do not ascend":    append(append(append(append([]byte{2}, origin(2)...), 1), origin(1)...), 1),
		"an origin twice":               append(append(append(append([]byte{2}, origin(2)...), 1), origin(2)...), 2),
		"an overlong sequence":          append(append([]byte{1}, origin(1)...), 0x81, 0),
		"an entry cut by the one ahead": append(append(append([]byte{2}, origin(1)...), 0x81, 0x82, 0x83, 0x84, 0x05), 0, 0, 0, 0, 0),
	} {
		if v, _, err := DecodeVector(in); !errors.Is(err, ErrVector) {
			t.Errorf("%s: %v %v", name, v, err)
		}
	}
}

func TestDecodingTheLargestVectorIsQuick(t *testing.T) {
	var entries []Entry
	for i := range MaxVectorEntries {
		entries = append(entries, Entry{Origin(2*i + 1), 1})
	}
	v, _, err := DecodeVector(VersionVector{entries: entries}.Append(nil))
	if err != nil {
		t.Fatal(err)
	}
	w := VersionVector{entries: make([]Entry, len(entries))}
	for i := range w.entries {
		w.entries[i] = Entry{Origin(2*i + 2), 1}
	}
	begin := time.Now()
	w.Join(v)
	if took := time.Since(begin); w.Len() != 2*MaxVectorEntries || took > 2*time.Second {
		t.Fatalf("joined to %d in %v", w.Len(), took)
	}
}

func FuzzDecodeVector(f *testing.F) {
	f.Add(VectorOf(Entry{1, 1}, Entry{2, 300}).Append(nil))
	f.Add([]byte{0})
	f.Fuzz(func(t *testing.T, b []byte) {
		v, rest, err := DecodeVector(b)
		if err != nil {
			return
		}
		if again := append(v.Append(nil), rest...); !bytes.Equal(again, b) {
			t.Fatalf("%x encodes again as %x", b, again)
		}
	})
}

func FuzzUvarint(f *testing.F) {
	f.Add([]byte{0x80, 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		v, rest, err := Uvarint(b)
		if err == nil && !bytes.Equal(append(binary.AppendUvarint(nil, v), rest...), b) {
			t.Fatalf("%x is not the shortest form of %d", b, v)
		}
	})
}
