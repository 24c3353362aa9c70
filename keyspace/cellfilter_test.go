package keyspace

import (
	"context"
	"encoding/binary"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/atollkv/atoll/store"
)

func cellOf(n uint64) []byte {
	return binary.BigEndian.AppendUint64([]byte{store.SpaceData, 0, 0, 0, 0, 0, 0}, n)
}

// A filter that is whole never says of a cell that it is absent which is there, and says it of most others.
func TestCellFilterNeverHidesACell(t *testing.T) {
	c := newCellCache(1 << 20)
	c.filter.end(c.filter.begin())
	const cells = 20_000
	for n := range uint64(cells) {
		c.change([]store.Cell{{Key: cellOf(n), Value: []byte("v")}}, n)
	}
	for n := range uint64(cells) {
		if c.filter.absent(c.hash(cellOf(n))) {
			t.Fatalf("cell %d is there", n)
		}
	}
	wrong := 0
	for n := range uint64(cells) {
		if !c.filter.absent(c.hash(cellOf(cells + n))) {
			wrong++
		}
	}
	if wrong > cells/20 {
		t.Errorf("%d of %d absent cells are taken for present", wrong, cells)
	}
}

// What began before the cells were replaced does not count as their reading.
func TestCellFilterForgetsAReadingThatBeganBefore(t *testing.T) {
	f := newCellFilter(1 << 10)
	times := f.begin()
	f.forget()
	if f.end(times); f.absent(rand.Uint64()) {
		t.Error("whole by a reading of what was replaced since")
	}
	if f.end(f.begin()); !f.absent(rand.Uint64()) {
		t.Error("not whole by a reading that began after")
	}
}

// A shard with more cells than it reads at once learns the rest in the background: then absent cells are known to be.
func TestCellFilterLearnsALargeStore(t *testing.T) {
	db, err := store.Open(store.Options{Dir: "data", FS: vfs.NewMem()})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	const cells = 3 * filterCellsAtOnce
	for first := uint64(0); first < cells; first += 1000 {
		commit := &store.Commit{}
		for n := range uint64(1000) {
			commit.Cells = append(commit.Cells, store.Cell{Key: cellOf(first + n), Value: []byte("v")})
		}
		if _, err := db.Apply(commit); err != nil {
			t.Fatal(err)
		}
	}
	c := newCellCache(8 << 20)
	if c.learnSome(db); c.filter.whole.Load() {
		t.Fatalf("whole after %d cells", filterCellsAtOnce)
	}
	s := &Shard{store: db, core: &Core{cache: c}, unlearnt: make(chan struct{}, 1)}
	ended := make(chan struct{})
	ctx, stop := context.WithCancel(context.Background())
	go func() { defer close(ended); s.learnCells(ctx) }()
	for end := time.Now().Add(time.Minute); !c.filter.whole.Load(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("not whole after a minute")
		}
	}
	stop()
	<-ended
	for n := range uint64(cells) {
		if c.filter.absent(c.hash(cellOf(n))) {
			t.Fatalf("cell %d is there", n)
		}
	}
}
