package store

import (
	"bytes"
	"maps"
	"slices"
	"sync"

	"github.com/cockroachdb/pebble/v2"
)

// vital is a copy in memory of the small key spaces that a running node cannot do
// without and that no peer has: metadata, heads, starts of the log, the state of
// transfers, origins. What is damaged of them on disk is written anew from here.
type vital struct {
	mu    sync.Mutex
	cells map[string][]byte // guarded by mu
}

// vitalRanges are the key spaces that the copy holds.
var vitalRanges = [][2]byte{{spaceMeta, spaceLog}, {spaceLogStart, SpaceData}}

func isVital(key []byte) bool {
	return len(key) > 0 && key[0] < SpaceData && key[0] != spaceLog
}

// load reads the copy. Damage here is final: nobody else knows what this node holds.
func (v *vital) load(db *DB) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.cells = map[string][]byte{}
	for _, space := range vitalRanges {
		it, err := db.Iterate([]byte{space[0]}, []byte{space[1]})
		if err != nil {
			return err
		}
		for ok := it.First(); ok; ok = it.Next() {
			v.cells[string(it.Key())] = bytes.Clone(it.Value())
		}
		if err := it.Error(); err != nil {
			_ = it.Close() // it tells the error again
			return err
		}
		if err := it.Close(); err != nil {
			return err
		}
	}
	return nil
}

// note keeps up with a batch that was applied. The caller holds writeMu.
func (v *vital) note(b *pebble.Batch) {
	v.mu.Lock()
	defer v.mu.Unlock()
	r := b.Reader()
	for {
		kind, key, value, ok, err := r.Next()
		if !ok || err != nil {
			return
		}
		switch {
		case kind == pebble.InternalKeyKindRangeDelete:
			maps.DeleteFunc(v.cells, func(k string, _ []byte) bool { return k >= string(key) && k < string(value) })
		case !isVital(key):
		case kind == pebble.InternalKeyKindSet:
			v.cells[string(key)] = bytes.Clone(value)
		case kind == pebble.InternalKeyKindDelete:
			delete(v.cells, string(key))
		}
	}
}

// within returns the cells of lo ≤ key < hi, in order.
func (v *vital) within(lo, hi []byte) (cells []Cell) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, k := range slices.Sorted(maps.Keys(v.cells)) {
		if k >= string(lo) && k < string(hi) {
			cells = append(cells, Cell{Key: []byte(k), Value: v.cells[k]})
		}
	}
	return cells
}
