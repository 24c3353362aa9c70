package oplog

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/atollkv/atoll/clock"
)

const self = clock.Origin(0x1111111111111111)

// entry returns a vector of one component.
func entry(o clock.Origin, s clock.Seq) clock.VersionVector {
	return clock.VectorOf(clock.Entry{Origin: o, Seq: s})
}

// goldenFrame is the frame of testdata/frame.hex.
func goldenFrame() *Frame {
	b := NewBuilder(7, self)
	b.Add(clock.MakeTimestamp(1_700_000_000_000, 1), clock.VersionVector{}, []byte("one"))
	b.Add(clock.MakeTimestamp(1_700_000_000_000, 2), entry(0x22, 300), []byte("two"))
	b.Add(clock.MakeTimestamp(1_700_000_000_001, 0), entry(0x22, 300), nil)
	return b.Frame()
}

// readGolden returns the bytes of an annotated hex file: what follows # is comment.
func readGolden(t testing.TB, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var all []byte
	for line := range strings.Lines(string(text)) {
		line, _, _ = strings.Cut(line, "#")
		b, err := hex.DecodeString(strings.Join(strings.Fields(line), ""))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, b...)
	}
	return all
}

func TestTheGoldenFrameKeepsItsBytes(t *testing.T) {
	want := readGolden(t, "testdata/frame.hex")
	if got := goldenFrame().Append(nil); !bytes.Equal(got, want) {
		t.Fatalf("encoding changed:\n got %x\nwant %x", got, want)
	}
	f, err := Decode(want)
	if err != nil {
		t.Fatal(err)
	}
	r, err := f.Records(0, clock.VersionVector{}, 0)
	if err != nil {
		t.Fatal(err)
	}
	for i, body := range []string{"one", "two", ""} {
		rec, err := r.Peek()
		if err != nil || string(rec.Body) != body || rec.Seq != clock.Seq(i+1) {
			t.Fatalf("record %d: %+v, %v", i+1, rec, err)
		}
		r.Advance(rec)
	}
	if r.More() || r.Hash() != f.Hash {
		t.Errorf("chain ends at %x, frame says %x", r.Hash(), f.Hash)
	}
}

func TestFirstTimeIsTheStampOfTheFirstRecord(t *testing.T) {
	got, err := goldenFrame().FirstTime()
	if err != nil || got != clock.MakeTimestamp(1_700_000_000_000, 1) {
		t.Fatalf("got %v, %v", got, err)
	}
}

// TestRecordsSurviveTheRoundTrip: whatever is added comes back, in frames cut anywhere.
func TestRecordsSurviveTheRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := NewBuilder(rapid.Uint32().Draw(t, "shard"), self)
		var want []Record
		var frames []*Frame
		var dep clock.VersionVector
		for range rapid.IntRange(1, 12).Draw(t, "records") {
			dep.Advance(clock.Origin(rapid.Uint64Range(1, 4).Draw(t, "origin")), clock.Seq(rapid.Uint64Range(0, 1<<40).Draw(t, "seq")))
			rec := Record{
				Time: clock.Timestamp(rapid.Uint64Min(1).Draw(t, "time")),
				Dep:  dep, Body: rapid.SliceOfN(rapid.Byte(), 0, 300).Draw(t, "body"),
			}
			rec.Seq = b.Add(rec.Time, dep, rec.Body)
			want = append(want, rec)
			if rapid.Bool().Draw(t, "cut") {
				frames = append(frames, b.Frame())
			}
		}
		if f := b.Frame(); f != nil {
			frames = append(frames, f)
		}
		got, hash := readAll(t, frames)
		if hash != b.Hash() || len(got) != len(want) {
			t.Fatalf("hash %x, want %x; %d records, want %d", hash, b.Hash(), len(got), len(want))
		}
		for i, rec := range got {
			w := want[i]
			if rec.Seq != w.Seq || rec.Time != w.Time || !rec.Dep.Equal(w.Dep) || !bytes.Equal(rec.Body, w.Body) {
				t.Fatalf("record %d: %+v, want %+v", i, rec, w)
			}
		}
	})
}

// readAll decodes frames one after the other and checks each one's hash.
func readAll(t interface{ Fatalf(string, ...any) }, frames []*Frame) (all []Record, hash Hash) {
	var dep clock.VersionVector
	var after clock.Seq
	for _, f := range frames {
		b := f.Append(nil)
		if len(b) != f.EncodedSize() {
			t.Fatalf("encoded size %d, said %d", len(b), f.EncodedSize())
		}
		f, err := Decode(b)
		if err != nil {
			t.Fatalf("decode: %v", err)
		}
		r, err := f.Records(after, dep, hash)
		if err != nil {
			t.Fatalf("records: %v", err)
		}
		if v := r.Verify(); v != f.Hash {
			t.Fatalf("verify %x, frame says %x", v, f.Hash)
		}
		for r.More() {
			rec, err := r.Peek()
			if err != nil {
				t.Fatalf("peek: %v", err)
			}
			r.Advance(rec)
			all, dep, after = append(all, rec), rec.Dep, rec.Seq
		}
		hash = r.Hash()
	}
	return all, hash
}

// TestCuttingAtAnyRecordKeepsTheChain: a frame passed in two parts, or begun in the
// middle by one who has its first records, ends in the same hash and the same records.
func TestCuttingAtAnyRecordKeepsTheChain(t *testing.T) {
	whole := goldenFrame()
	all, hash := readAll(t, []*Frame{whole})
	for cut := 0; cut <= len(all); cut++ {
		r, err := whole.Records(0, clock.VersionVector{}, 0)
		if err != nil {
			t.Fatal(err)
		}
		for range cut {
			rec, err := r.Peek()
			if err != nil {
				t.Fatal(err)
			}
			r.Advance(rec)
		}
		atCut := r.Hash()
		passed, left := r.Passed(1)
		if (passed == nil) != (cut == 0) || (left == nil) != (cut == len(all)) {
			t.Fatalf("cut %d: passed %v, left %v", cut, passed, left)
		}
		parts := []*Frame{passed, left}
		if passed == nil {
			parts = parts[1:]
		}
		if left == nil {
			parts = parts[:len(parts)-1]
		}
		got, h := readAll(t, parts)
		if h != hash || fmt.Sprint(got) != fmt.Sprint(all) {
			t.Errorf("cut %d: hash %x, want %x; %v", cut, h, hash, got)
		}
		var dep clock.VersionVector
		if cut > 0 {
			dep = all[cut-1].Dep
		}
		r, err = whole.Records(clock.Seq(cut), dep, atCut)
		if err != nil || r.Verify() != hash {
			t.Fatalf("begun after %d: %x, %v", cut, r.Verify(), err)
		}
		if p, l := r.Passed(clock.Seq(cut + 1)); p != nil || (l == nil) != (cut == len(all)) {
			t.Errorf("begun after %d: passed %v, left %v", cut, p, l)
		}
	}
}

func TestABuilderResumesItsChain(t *testing.T) {
	all, hash := readAll(t, []*Frame{goldenFrame()})
	b := NewBuilder(7, self)
	b.Add(all[0].Time, all[0].Dep, all[0].Body)
	b = ResumeBuilder(7, self, 1, all[0].Dep, b.Hash())
	for _, rec := range all[1:] {
		b.Add(rec.Time, rec.Dep, rec.Body)
	}
	if f := b.Frame(); f.Hash != hash || f.First != 2 || b.Next() != 4 || b.Size() != 0 {
		t.Errorf("resumed: %+v", f)
	}
	if b.Frame() != nil || b.Origin() != self {
		t.Error("an empty builder made a frame")
	}
}

func TestAnotherHistoryHasAnotherHash(t *testing.T) {
	a, b := NewBuilder(7, self), NewBuilder(7, self)
	a.Add(1, clock.VersionVector{}, []byte("a"))
	b.Add(1, clock.VersionVector{}, []byte("b"))
	a.Frame()
	b.Frame()
	a.Add(2, clock.VersionVector{}, []byte("same"))
	b.Add(2, clock.VersionVector{}, []byte("same"))
	if a.Hash() == b.Hash() {
		t.Error("different first records, same hash after equal second ones")
	}
}

func TestAFrameThatLeavesAGapIsRefused(t *testing.T) {
	b := ResumeBuilder(7, self, 4, clock.VersionVector{}, 0)
	b.Add(1, clock.VersionVector{}, nil)
	if _, err := b.Frame().Records(3, clock.VersionVector{}, 0); !errors.Is(err, ErrMalformed) {
		t.Errorf("got %v", err)
	}
}

// seal replaces the checksum of an encoded frame.
func seal(b []byte) []byte {
	body := b[:len(b)-4]
	return binary.BigEndian.AppendUint32(body, crc32.Checksum(body, castagnoli))
}

func TestMalformedFramesAreRefused(t *testing.T) {
	good := goldenFrame().Append(nil)
	with := func(at int, v ...byte) []byte {
		b := bytes.Clone(good)
		copy(b[at:], v)
		return seal(b)
	}
	zero := make([]byte, 8)
	cases := map[string][]byte{
		"empty":                      nil,
		"another version":            with(0, 2),
		"no origin":                  with(5, zero...),
		"no first sequence":          with(13, zero...),
		"sequences overflow":         with(13, bytes.Repeat([]byte{0xff}, 8)...),
		"no records":                 with(21, 0, 0, 0, 0),
		"fewer records than counted": with(21, 0, 0, 0, 4),
		"more records than counted":  with(21, 0, 0, 0, 2),
		"a record beyond the end":    with(headerBytes, 0x7f),
		"a record length in two ways": seal(append(append(bytes.Clone(good[:headerBytes]), 0x8c, 0x00),
			good[headerBytes+1:]...)),
	}
	for name, b := range cases {
		if _, err := Decode(b); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for i := range good {
		b := bytes.Clone(good)
		b[i] ^= 0x10
		if _, err := Decode(b); !errors.Is(err, ErrMalformed) {
			t.Errorf("byte %d flipped: %v", i, err)
		}
		if _, err := Decode(good[:i]); !errors.Is(err, ErrMalformed) {
			t.Errorf("cut to %d bytes: %v", i, err)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(goldenFrame().Append(nil))
	f.Add(readGolden(f, "testdata/frame.hex")[:40])
	f.Fuzz(func(t *testing.T, b []byte) {
		// A random mutation has the wrong checksum: try the mended bytes as well.
		tryDecode(t, b)
		if len(b) > 4 {
			tryDecode(t, seal(bytes.Clone(b)))
		}
	})
}

func tryDecode(t *testing.T, b []byte) {
	f, err := Decode(b)
	if err != nil {
		return
	}
	if got := f.Append(nil); !bytes.Equal(got, b) {
		t.Fatalf("encodes to %x, was %x", got, b)
	}
	r, err := f.Records(f.First-1, clock.VersionVector{}, 0)
	if err != nil {
		t.Fatal(err)
	}
	r.Verify()
	again := ResumeBuilder(f.Shard, f.Origin, f.First-1, clock.VersionVector{}, 0)
	for r.More() {
		rec, err := r.Peek()
		if err != nil {
			return
		}
		again.Add(rec.Time, rec.Dep, rec.Body)
		r.Advance(rec)
	}
	g := again.Frame()
	g.Hash = f.Hash // the fuzzer's is arbitrary
	if got := g.Append(nil); !bytes.Equal(got, b) {
		t.Fatalf("records encode to %x, were %x", got, b)
	}
}

// A frame is encoded once: its bytes are those that it was made with, whoever asks, and a frame of all its records is
// the frame itself.
func TestAFrameIsEncodedOnce(t *testing.T) {
	b := NewBuilder(1, 2)
	for i := range 3 {
		b.Add(clock.Timestamp(10+i), clock.VersionVector{}, []byte("body"))
	}
	f := b.Frame()
	b.Add(20, clock.VersionVector{}, []byte("of the next frame"))
	if got, again := f.Encoded(), f.Encoded(); &got[0] != &again[0] || !bytes.Equal(got, f.Append(nil)) {
		t.Error("encoded anew")
	}
	if len(f.Encoded()) != f.EncodedSize() {
		t.Errorf("%d bytes, EncodedSize says %d", len(f.Encoded()), f.EncodedSize())
	}
	d, err := Decode(f.Encoded())
	if err != nil {
		t.Fatal(err)
	}
	r, err := d.Records(0, clock.VersionVector{}, 0)
	if err != nil {
		t.Fatal(err)
	}
	for n := 1; r.More(); n++ {
		rec, err := r.Peek()
		if err != nil {
			t.Fatal(err)
		}
		r.Advance(rec)
		passed, left := r.Passed(1)
		if whole := n == 3; (passed == d) != whole || (left == nil) != whole {
			t.Errorf("after %d records: the whole frame %v, %v left", n, passed == d, left)
		}
		if again, err := Decode(passed.Encoded()); err != nil || again.Last() != clock.Seq(n) || again.Hash != r.Hash() {
			t.Errorf("after %d records: %v, %v", n, again, err)
		}
	}
}
