package keyspace

import (
	"math/bits"
	"sync"
	"sync/atomic"

	"github.com/atollkv/atoll/internal/offheap"
	"github.com/atollkv/atoll/store"
)

const (
	// filterCellsAtOnce and filterBytesAtOnce bound what a shard reads for its filter when it opens; the rest it reads later.
	filterCellsAtOnce = 10_000
	filterBytesAtOnce = 8 << 20
)

// cellFilter tells of most cells that are not there that they are not: a write of a new key, a new member or a new
// field needs no search of the store then. It is a Bloom filter (Bloom, Space/Time Trade-offs in Hash Coding with
// Allowable Errors, 1970) of four bits a cell, all in one word. With more than eight cells a word it would tell
// little, and is not made.
//
// Invariant: while whole, a cell whose bits are not set is in no state that anybody reads. What is
// deleted keeps its bits.
type cellFilter struct {
	memory *offheap.Memory
	words  []uint64 // of memory; changed atomically; as many as a power of two
	whole  atomic.Bool

	mu    sync.Mutex
	times int // guarded by mu; how often it was to begin anew
	// forgotten is told that the cells are to be read again; nil where nobody reads them.
	forgotten func()
}

// newCellFilter returns a filter of at most size bytes, but of at least one word.
func newCellFilter(size int64) *cellFilter {
	words := 1 << (bits.Len64(uint64(max(1, size/8))) - 1)
	m := offheap.New(8 * words)
	return &cellFilter{memory: m, words: m.Words()}
}

// place returns the word of a cell and its bits there.
func (f *cellFilter) place(hash uint64) (word *uint64, mask uint64) {
	mask = 1<<(hash>>40&63) | 1<<(hash>>46&63) | 1<<(hash>>52&63) | 1<<(hash>>58)
	return &f.words[hash&uint64(len(f.words)-1)], mask
}

// add remembers that there may be a cell of this hash.
func (f *cellFilter) add(hash uint64) {
	if word, mask := f.place(hash); atomic.LoadUint64(word)&mask != mask {
		atomic.OrUint64(word, mask)
	}
}

// absent tells that there is no cell of this hash; false is not known.
func (f *cellFilter) absent(hash uint64) bool {
	if !f.whole.Load() {
		return false
	}
	word, mask := f.place(hash)
	return atomic.LoadUint64(word)&mask != mask
}

// begin returns what end must be given. What is read for the filter must be of a state after it.
func (f *cellFilter) begin() (times int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.times
}

// end says that all cells were added, but for those that came in from commits.
func (f *cellFilter) end(times int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if times == f.times {
		f.whole.Store(true)
	}
}

// forget says that cells came into the store past the commit loop.
func (f *cellFilter) forget() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.times++
	f.whole.Store(false)
	if f.forgotten != nil {
		f.forgotten()
	}
}

// learn adds the cells of a state of the store that is not older than begin, until more, which is asked before each and told
// how much was read, returns false.
func (c *cellCache) learn(times int, src store.Reader, more func(cells, bytes int) bool) error {
	cells, bytes, all := 0, 0, true
	lo, hi := dataRange(nil, nil)
	err := scan(src, lo, hi, func(cell, value []byte) (bool, error) {
		if all = more(cells, bytes); all {
			c.filter.add(c.hash(cell))
		}
		cells, bytes = cells+1, bytes+len(cell)+len(value)
		return all, nil
	})
	if err == nil && all {
		c.filter.end(times)
	}
	return err
}

// learnSome reads what can be read at once; the rest is left to the background. Damage that it meets is told where
// the cell is asked for.
func (c *cellCache) learnSome(src store.Reader) {
	if c != nil {
		_ = c.learn(c.filter.begin(), src, func(cells, bytes int) bool { return cells < filterCellsAtOnce && bytes < filterBytesAtOnce })
	}
}
