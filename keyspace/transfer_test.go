package keyspace_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/keyspace"
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/store"
)

// snapshot returns what the region has committed.
func (r *region) snapshot(t testing.TB) *keyspace.Snapshot {
	t.Helper()
	var heads []store.Head
	for _, e := range r.Vector().Entries() {
		heads = append(heads, r.Head(e.Origin))
	}
	s, err := keyspace.NewSnapshot(r.mem, 0, heads)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (r *region) step(t testing.TB, step keyspace.TransferStep) {
	t.Helper()
	for {
		done, err := r.Transfer(step)
		if err != nil {
			t.Fatal(err)
		}
		r.commit()
		if done {
			return
		}
	}
}

// takeOver merges the whole state of from, in chunks of about size bytes, calling
// between after each of them.
func (r *region) takeOver(t testing.TB, from *region, size int, between func()) {
	t.Helper()
	s := from.snapshot(t)
	declared, err := s.Declared()
	if err != nil {
		t.Fatal(err)
	}
	r.step(t, keyspace.TransferBegin{Heads: s.Heads(), Declared: declared})
	for r.TransferState().Done < 1 {
		ch, err := s.Next(r.TransferState().Position, size)
		if err != nil {
			t.Fatal(err)
		}
		r.step(t, keyspace.TransferChunk{Chunk: ch})
		between()
	}
	r.step(t, keyspace.TransferEnd{})
}

func TestATransferBringsEverythingAndKeepsWhatIsNew(t *testing.T) {
	for seed := uint64(1); seed <= histories(60); seed++ {
		rng := rand.New(rand.NewPCG(seed, 3))
		a, b := newRegion(100), newRegion(200)
		write := func(r *region) {
			key := []byte{byte('k' + rng.IntN(4))}
			if rng.IntN(2) == 0 {
				key = fmt.Appendf(nil, "key%d", rng.IntN(300))
			}
			var c keyspace.Command
			field := fmt.Appendf(nil, "f%d", rng.IntN(20))
			switch rng.IntN(9) {
			case 6:
				c = command.HIncr{Key: key, Field: field, Delta: 1}
			case 7:
				c = command.HDel{Key: key, Fields: [][]byte{field}}
			case 8:
				c = command.HSet{Key: key, Fields: []command.FieldValue{{Field: field, Value: []byte("v")}}}
			case 0, 1:
				c = command.Set{Key: key, Value: fmt.Appendf(nil, "%d", rng.IntN(1000))}
			case 2:
				c = command.Delete{List: [][]byte{key}}
			case 3:
				c = command.Incr{Key: key, Delta: 1}
			default:
				c = command.SAdd{Key: key, Members: [][]byte{fmt.Appendf(nil, "m%d", rng.IntN(40))}}
			}
			c = keyspace.InNamespace(someSpace(rng), c)
			_, _, _ = r.Execute([]keyspace.Command{c}) // a wrong type or a key in transfer changes nothing
			r.commit()
		}
		for range 300 {
			write(a)
			write(b)
		}
		b.takeOver(t, a, 1+rng.IntN(400), func() { write(b); write(b) })
		if a.Vector().LessEq(b.Vector()) == false {
			t.Fatalf("seed %d: %v is not in %v", seed, a.Vector(), b.Vector())
		}
		a.takeOver(t, b, 1+rng.IntN(400), func() {})
		if !a.Vector().Equal(b.Vector()) || a.digest(t).Sum != b.digest(t).Sum {
			t.Fatalf("seed %d: %v and %v differ", seed, a.Vector(), b.Vector())
		}
	}
}

func TestStepsOfATransferOutOfOrderAreRefused(t *testing.T) {
	a, b := newRegion(1), newRegion(2)
	a.do(t, command.Set{Key: []byte("k"), Value: []byte("v")})
	a.commit()
	s := a.snapshot(t)
	ch, err := s.Next(nil, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	late := ch
	late.After = []byte("\x10zzz")
	for name, step := range map[string]keyspace.TransferStep{
		"a chunk before begin":  keyspace.TransferChunk{Chunk: ch},
		"an end before begin":   keyspace.TransferEnd{},
		"going on with nothing": keyspace.TransferBegin{Heads: s.Heads(), After: []byte("x")},
	} {
		if _, err := b.Transfer(step); !errors.Is(err, keyspace.ErrTransfer) {
			t.Errorf("%s: %v", name, err)
		}
	}
	b.step(t, keyspace.TransferBegin{Heads: s.Heads()})
	for name, step := range map[string]keyspace.TransferStep{
		"an end before the last chunk": keyspace.TransferEnd{},
		"a chunk after a gap":          keyspace.TransferChunk{Chunk: late},
	} {
		if _, err := b.Transfer(step); !errors.Is(err, keyspace.ErrTransfer) {
			t.Errorf("%s: %v", name, err)
		}
	}
	foreign := ch
	foreign.Cells = []store.Cell{{Key: []byte("\x02not a cell"), Value: ch.Cells[0].Value}}
	if _, err := b.Transfer(keyspace.TransferChunk{Chunk: foreign}); !errors.Is(err, keyspace.ErrMalformed) {
		t.Errorf("a key that is no cell: %v", err)
	}
	foreign.Cells = []store.Cell{{Key: ch.Cells[0].Key, Value: []byte("?")}}
	if _, err := b.Transfer(keyspace.TransferChunk{Chunk: foreign}); !errors.Is(err, keyspace.ErrMalformed) {
		t.Errorf("a cell that does not decode: %v", err)
	}
	b.step(t, keyspace.TransferChunk{Chunk: ch})
	b.step(t, keyspace.TransferEnd{})
	if r := b.do(t, command.Get{Key: []byte("k")}); string(r[0].Value) != "v" {
		t.Errorf("GET k: %q", r[0].Value)
	}
}

func TestADonorIsRefused(t *testing.T) {
	a, b := newRegion(1), newRegion(2)
	a.do(t, command.Set{Key: []byte("k"), Value: []byte("v")})
	a.commit()
	b.pull(t, a)
	b.commit()
	other := a.Head(1)
	other.Hash++
	if _, err := b.Transfer(keyspace.TransferBegin{Heads: []store.Head{other}}); !errors.Is(err, keyspace.ErrDiverged) {
		t.Errorf("another history of the same origin: %v", err)
	}
	future := store.Head{Origin: 9, Seq: 1, Time: clock.MakeTimestamp((wallStart + time.Hour).Milliseconds(), 0)}
	if _, err := b.Transfer(keyspace.TransferBegin{Heads: []store.Head{future}}); !errors.Is(err, keyspace.ErrFuture) {
		t.Errorf("stamps an hour ahead: %v", err)
	}
	if b.TransferState().Active {
		t.Error("a refused donor left something behind")
	}
}
