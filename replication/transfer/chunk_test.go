package transfer

import (
	"bytes"
	"encoding/hex"
	"errors"
	"flag"
	"os"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/replication"
	"github.com/atollkv/atoll/store"
)

var rewrite = flag.Bool("rewrite", false, "write golden files")

func sampleChunk() *Chunk {
	return &Chunk{
		After: []byte("user:1"), UpTo: []byte("user:300"),
		Beyond: clock.VectorOf(clock.Entry{Origin: 0x22, Seq: 300}),
		Cells: []store.Cell{
			{Key: []byte("user:17"), Value: []byte("ann")},
			{Key: []byte("user:17:s"), Value: []byte("x")},
			{Key: []byte("user:300"), Value: []byte("bob")},
		},
	}
}

// TestGoldenChunk keeps the bytes of docs/formats/transfer.md.
func TestGoldenChunk(t *testing.T) {
	const path = "testdata/chunk.hex"
	if *rewrite {
		if err := os.WriteFile(path, []byte(hex.EncodeToString(sampleChunk().Append(nil))+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var digits strings.Builder
	for line := range strings.Lines(string(text)) {
		code, _, _ := strings.Cut(line, "#")
		digits.WriteString(strings.Join(strings.Fields(code), ""))
	}
	want, err := hex.DecodeString(digits.String())
	if err != nil {
		t.Fatal(err)
	}
	if got := sampleChunk().Append(nil); !bytes.Equal(got, want) {
		t.Errorf("encoded as %x\nwant %x", got, want)
	}
	c, err := DecodeChunk(want)
	if err != nil || !same(c, sampleChunk()) {
		t.Errorf("decoded as %+v, %v", c, err)
	}
}

func same(a, b *Chunk) bool {
	if !bytes.Equal(a.After, b.After) || !bytes.Equal(a.UpTo, b.UpTo) || a.Last() != b.Last() || !a.Beyond.Equal(b.Beyond) || len(a.Cells) != len(b.Cells) {
		return false
	}
	for i := range a.Cells {
		if !bytes.Equal(a.Cells[i].Key, b.Cells[i].Key) || !bytes.Equal(a.Cells[i].Value, b.Cells[i].Value) {
			return false
		}
	}
	return true
}

func TestChunksComeBackAsTheyWere(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		keys := rapid.SliceOfNDistinct(rapid.StringMatching(`[ab]{1,8}`), 0, 20, rapid.ID[string]).Draw(t, "keys")
		c := &Chunk{After: []byte("A"), UpTo: []byte("z")}
		for _, k := range sorted(keys) {
			c.Cells = append(c.Cells, store.Cell{Key: []byte(k), Value: rapid.SliceOfN(rapid.Byte(), 1, 9).Draw(t, "value")})
		}
		if rapid.Bool().Draw(t, "first") {
			c.After = nil
		}
		if rapid.Bool().Draw(t, "last") {
			c.UpTo = nil
		}
		b := c.Append(nil)
		got, err := DecodeChunk(b)
		if err != nil || !same(got, c) {
			t.Fatalf("%+v came back as %+v, %v", c, got, err)
		}
		// No single byte may change without being noticed.
		i := rapid.IntRange(0, len(b)-1).Draw(t, "byte")
		b[i] ^= byte(rapid.IntRange(1, 255).Draw(t, "flip"))
		if _, err := DecodeChunk(b); !errors.Is(err, replication.ErrMalformed) {
			t.Fatalf("byte %d flipped: %v", i, err)
		}
	})
}

func TestChunksThatNoDonorSends(t *testing.T) {
	cell := func(keys ...string) (cells []store.Cell) {
		for _, k := range keys {
			cells = append(cells, store.Cell{Key: []byte(k), Value: []byte("v")})
		}
		return cells
	}
	huge := bytes.Repeat([]byte("v"), ChunkBytesMax)
	for name, c := range map[string]*Chunk{
		"key before the range":        {After: []byte("m"), Cells: cell("a")},
		"key at the open bound":       {After: []byte("m"), Cells: cell("m")},
		"key behind the range":        {UpTo: []byte("m"), Cells: cell("n")},
		"keys that descend":           {Cells: cell("b", "a")},
		"a key twice":                 {Cells: cell("b", "b")},
		"an empty key":                {Cells: cell("")},
		"a cell without a value":      {Cells: []store.Cell{{Key: []byte("k")}}},
		"two cells that are too much": {Cells: []store.Cell{{Key: []byte("a"), Value: huge}, {Key: []byte("b"), Value: []byte("v")}}},
	} {
		if _, err := DecodeChunk(c.Append(nil)); !errors.Is(err, replication.ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
	one := &Chunk{Cells: []store.Cell{{Key: []byte("a"), Value: huge}}}
	if _, err := DecodeChunk(one.Append(nil)); err != nil {
		t.Errorf("one great cell: %v", err)
	}
}

func FuzzDecodeChunk(f *testing.F) {
	f.Add(sampleChunk().Append(nil))
	f.Add((&Chunk{}).Append(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := DecodeChunk(b)
		if err != nil {
			return
		}
		if got := c.Append(nil); !bytes.Equal(got, b) {
			t.Errorf("%x decodes, and encodes to %x", b, got)
		}
	})
}
