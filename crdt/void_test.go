package crdt

import (
	"bytes"
	"testing"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/internal/namespace"
)

func goldenOnce() Update {
	return Update{
		Once:    &Once{ID: []byte("id"), Retry: true},
		Changes: []Change{{Key: namespace.Default.Key([]byte("n")), Increment: &Increment{Base: 1, Total: TotalOf(7), Delta: TotalOf(5)}}},
	}
}

func goldenAnnulment() Update {
	voids := Edit{Voids: []Void{{dot(0x11, 3), TotalOf(5)}}}
	return Update{Changes: []Change{{
		Key: namespace.Default.Key([]byte("n")), Voids: voids.Voids,
		Fields: []FieldChange{{Name: []byte("f"), Edit: voids}}, Scores: []FieldChange{{Name: []byte("m"), Edit: voids}},
	}}}
}

func goldenNotes() map[string]OnceNote {
	two := []Attempt{{tag(0x11, 3, 8), TotalOf(5), []byte{0, 10}}, {tag(0x22, 300, 9), TotalOf(5), nil}}
	return map[string]OnceNote{
		"note.hex":       {Attempts: two[:1]},
		"note-retry.hex": {Attempts: two, Of: Counted{Key: []byte("k"), Type: TypeHash, Name: []byte("f")}},
	}
}

func TestOnceNoteBytes(t *testing.T) {
	for name, n := range goldenNotes() {
		want := golden(t, name)
		if got := n.Append(nil); !bytes.Equal(got, want) {
			t.Fatalf("%s: encoded as\n%x, testdata has\n%x", name, got, want)
		}
		refusesDamage(t, want, func(b []byte) ([]byte, error) {
			n, err := DecodeOnceNote(b)
			return n.Append(nil), err
		})
	}
}

func FuzzDecodeOnceNote(f *testing.F) {
	f.Add(golden(f, "note-retry.hex"))
	fuzz(f, "note.hex", func(b []byte) ([]byte, error) {
		n, err := DecodeOnceNote(b)
		return n.Append(nil), err
	})
}

// Each state of a counter, and what becomes of a void in it.
func TestVoidTable(t *testing.T) {
	shard := func(seq, base clock.Seq, total int64) Shard {
		return Shard{Origin: originA, Seq: seq, Time: 1, Base: base, Total: TotalOf(total)}
	}
	floor := func(seq clock.Seq, total int64) []Floor {
		return []Floor{{Origin: originA, Seq: seq, Total: TotalOf(total)}}
	}
	void := []Void{{dot(originA, 2), TotalOf(5)}}
	byC := dot(originC, 1)
	for name, c := range map[string]struct {
		do    func(*Counter)
		sum   int64
		voids int
	}{
		"of nothing":                             {func(c *Counter) { c.Annul(void) }, 0, 0},
		"of an increment that is here":           {func(c *Counter) { c.Raise(shard(2, 1, 7)); c.Annul(void) }, 2, 1},
		"the same twice":                         {func(c *Counter) { c.Raise(shard(2, 1, 7)); c.Annul(void); c.Annul(void) }, 2, 1},
		"of one that others followed":            {func(c *Counter) { c.Raise(shard(2, 1, 7)); c.Annul(void); c.Raise(shard(3, 1, 8)) }, 3, 1},
		"of one to come":                         {func(c *Counter) { c.Raise(shard(1, 1, 2)); c.Annul(void) }, 2, 0},
		"then a reset that saw it":               {func(c *Counter) { c.Raise(shard(3, 1, 8)); c.Annul(void); c.Reset(floor(2, 7), byC) }, 1, 0},
		"then a reset of all":                    {func(c *Counter) { c.Raise(shard(2, 1, 7)); c.Annul(void); c.Reset(floor(2, 7), byC) }, 0, 0},
		"then a reset that had not seen it":      {func(c *Counter) { c.Raise(shard(3, 1, 8)); c.Annul(void); c.Reset(floor(1, 2), byC) }, 1, 1},
		"after a reset that saw it":              {func(c *Counter) { c.Raise(shard(3, 1, 8)); c.Reset(floor(2, 7), byC); c.Annul(void) }, 1, 0},
		"of an earlier life":                     {func(c *Counter) { c.Raise(shard(3, 3, 1)); c.Annul(void) }, 1, 0},
		"then a new life":                        {func(c *Counter) { c.Raise(shard(2, 1, 7)); c.Annul(void); c.Raise(shard(3, 3, 1)) }, 1, 0},
		"then its origin is folded":              {func(c *Counter) { c.Raise(shard(2, 1, 7)); c.Annul(void); c.Fold(foldedA) }, 2, 0},
		"after its origin was folded":            {func(c *Counter) { c.Raise(shard(2, 1, 7)); c.Fold(foldedA); c.Annul(void) }, 7, 0},
		"then the key is deleted, and all of it": {func(c *Counter) { c.Raise(shard(2, 1, 7)); c.Annul(void); c.hide(func(clock.Dot) bool { return true }) }, 0, 0},
	} {
		var x Counter
		c.do(&x)
		if got, exact := x.Sum().Int64(); got != c.sum || !exact || len(x.Voids) != c.voids {
			t.Errorf("%s: sum %d, %+v; want %d and %d voids", name, got, x, c.sum, c.voids)
		}
	}
}

func foldedA(o clock.Origin) (PoolID, bool) { return 7, o == originA }

func TestUpdatesWithIDsThatNobodyCanHaveWritten(t *testing.T) {
	inc := &Increment{Base: 1, Total: TotalOf(1), Delta: TotalOf(1)}
	key := namespace.Default.Key([]byte("k"))
	voids := func(o clock.Origin, s clock.Seq) []Void { return []Void{{dot(o, s), TotalOf(1)}} }
	for name, u := range map[string]Update{
		"an id and no increment":      {Once: &Once{ID: []byte("x")}, Changes: []Change{{Key: key, Assign: true}}},
		"an id and two increments":    {Once: &Once{ID: []byte("x")}, Changes: []Change{{Key: key, Increment: inc, Fields: []FieldChange{{Name: []byte("f"), Edit: Edit{Increment: inc}}}}}},
		"a void of the future":        {Changes: []Change{{Key: key, Voids: voids(originA, 5)}}},
		"a void of itself, in a hash": {Changes: []Change{{Key: key, Fields: []FieldChange{{Name: []byte("f"), Edit: Edit{Voids: voids(originA, 4)}}}}}},
		"a void in a stream":          {Changes: []Change{{Key: key, Entries: []FieldChange{{Name: StreamMark(), Edit: Edit{Voids: voids(originA, 1)}}}}}},
	} {
		if err := u.Check(dot(originA, 4)); err == nil {
			t.Errorf("%s passes", name)
		}
	}
}
