package keyspace

import (
	"testing"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/store"
)

// oneCell is a store that holds one cell.
type oneCell struct {
	store.Reader
	key, value []byte
}

func (s oneCell) Get(key []byte) ([]byte, error) {
	if string(key) == string(s.key) {
		return s.value, nil
	}
	return nil, nil
}

func (s oneCell) Iterate(lo, hi []byte) (store.Iterator, error) { return &oneIterator{oneCell: s}, nil }

type oneIterator struct {
	oneCell
	store.Iterator
	past bool
}

func (it *oneIterator) First() bool   { return true }
func (it *oneIterator) Next() bool    { it.past = true; return false }
func (it *oneIterator) Key() []byte   { return it.key }
func (it *oneIterator) Value() []byte { return it.value }
func (it *oneIterator) Error() error  { return nil }
func (it *oneIterator) Close() error  { return nil }

// Of two origins of one node a deletion has seen one, by its pool, so that it names no
// floor; here both shards lie in the store still, and are folded only now. What the
// deletion had seen must not get into the pool, however the field is read.
func TestWhatIsHiddenIsDroppedBeforeItIsFolded(t *testing.T) {
	shard := func(o clock.Origin, seq clock.Seq, total int64) crdt.Shard {
		return crdt.Shard{Origin: o, Seq: seq, Time: 1, Base: 1, Total: crdt.TotalOf(total)}
	}
	f := crdt.Field{Counter: crdt.Counter{Shards: []crdt.Shard{shard(1, 3, 3), shard(2, 9, 5)}}}
	hidden := clock.VectorOf(clock.Entry{Origin: 1, Seq: 3})
	src := oneCell{key: fieldKey([]byte("h"), crdt.TypeHash, []byte("n")), value: f.Append(nil)}
	folded := func(o clock.Origin) (crdt.PoolID, bool) { return 7, true }
	below := stored{src: src, folded: folded}
	show := func(what string, f crdt.Field, err error) {
		t.Helper()
		if value, _ := f.Value(); err != nil || string(value) != "5" || len(f.Counter.Pools) != 1 {
			t.Errorf("%s shows %q (%v), not 5: %+v", what, value, err, f)
		}
	}
	got, err := below.field([]byte("h"), crdt.TypeHash, []byte("n"), hidden)
	show("a read of the store", got, err)
	err = below.fields([]byte("h"), crdt.TypeHash, nil, hidden, func(_ []byte, f crdt.Field) bool { show("a walk of the store", f, nil); return true })
	if err != nil {
		t.Error(err)
	}
	b := newBatch(below)
	b.putField([]byte("h"), crdt.TypeHash, []byte("n"), f)
	got, err = b.field([]byte("h"), crdt.TypeHash, []byte("n"), hidden)
	show("a read of the batch", got, err)
	// A deletion and, after it, the folding come in the batch that holds the field.
	b.putHeader([]byte("h"), crdt.Header{Hidden: hidden})
	b.fold()
	got, err = b.field([]byte("h"), crdt.TypeHash, []byte("n"), hidden)
	show("a field that the batch has folded", got, err)
	core := &Core{batch: newBatch(below), cfg: CoreConfig{SweepCells: 10}}
	core.batch.putHeader([]byte("h"), crdt.Header{Hidden: hidden})
	if _, _, err := (&sweeper{key: []byte("h"), hidden: hidden}).sweepFields(core, crdt.TypeHash, 10); err != nil {
		t.Error(err)
	}
	core.batch.putHeader([]byte("h"), crdt.Header{}) // swept: nothing is hidden any more
	got, err = core.batch.field([]byte("h"), crdt.TypeHash, []byte("n"), clock.VersionVector{})
	show("a swept field", got, err)
}
