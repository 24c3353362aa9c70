package keyspace

import (
	"hash/maphash"
	"sync"

	"github.com/atollkv/atoll/internal/offheap"
	"github.com/atollkv/atoll/store"
)

const (
	// cacheParts is how many parts a cellCache has, each with a lock of its own.
	cacheParts = 256
	// cacheFilterShare is the part of the cache's size that its filter has.
	cacheFilterShare = 8
	// cacheValueMax bounds a value that is kept, in bytes.
	cacheValueMax = 8 << 10
)

// cellCache keeps cells as they are in the store: a search of the store costs several times what the rest of a
// read does. What is written is kept, so that the write after it, or a read, finds it; what was read is kept from
// the second time on, so that a walk over everything pushes nothing out. Absent cells are kept too.
//
// Invariant: an entry is what the cell is in every state from commit from on, up to the last one that was
// sealed. So a reader of the state of commit n may take entries whose from is at most n, and may add what it
// read only where no commit after n has changed the part.
type cellCache struct {
	seed   maphash.Seed
	filter *cellFilter
	rings  *offheap.Memory // of the rings of all parts
	parts  [cacheParts]cachePart
}

type cachePart struct {
	mu      sync.Mutex
	ring    cacheRing // guarded by mu
	changed uint64    // guarded by mu; the last commit that changed a cell of the part
}

// newCellCache returns a cache of about size bytes; nil, which keeps nothing, if that is nothing.
func newCellCache(size int64) *cellCache {
	if size <= 0 {
		return nil
	}
	ring := int(size-size/cacheFilterShare) / cacheParts
	c := &cellCache{seed: maphash.MakeSeed(), filter: newCellFilter(size / cacheFilterShare), rings: offheap.New(ring * cacheParts)}
	for i := range c.parts {
		c.parts[i].ring.init(c.rings.Bytes()[i*ring:][:ring:ring])
	}
	return c
}

func (c *cellCache) hash(key []byte) uint64 { return maphash.Bytes(c.seed, key) }

// keeps tells whether a key is that of a cell, and cells are kept.
func (c *cellCache) keeps(key []byte) bool {
	return c != nil && len(key) > 0 && key[0] == store.SpaceData
}

// part returns the part of the cells of a hash.
func (c *cellCache) part(hash uint64) *cachePart { return &c.parts[hash>>32%cacheParts] }

// get returns a copy of a cell in the state of commit at, nil if it is absent; ok is false when that is not known.
func (c *cellCache) get(key []byte, at uint64) (value []byte, ok bool) {
	if !c.keeps(key) {
		return nil, false
	}
	hash := c.hash(key)
	if c.filter.absent(hash) {
		return nil, true
	}
	p := c.part(hash)
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.ring.get(hash, key, at)
}

// add offers what a cell is in the state of commit at.
func (c *cellCache) add(key, value []byte, at uint64) {
	if !c.keeps(key) || len(value) > cacheValueMax {
		return
	}
	hash := c.hash(key)
	p := c.part(hash)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.changed > at {
		return // perhaps this very cell
	}
	if p.ring.wasRead(hash) {
		p.ring.put(hash, key, value, p.changed)
	}
}

// change takes in the cells of a commit. Readers must not see the commit before.
func (c *cellCache) change(cells []store.Cell, commit uint64) {
	for _, cell := range cells {
		if !c.keeps(cell.Key) {
			continue
		}
		hash := c.hash(cell.Key)
		c.filter.add(hash)
		p := c.part(hash)
		p.mu.Lock()
		p.changed = commit
		if len(cell.Value) > cacheValueMax {
			p.ring.remove(hash)
		} else {
			p.ring.put(hash, cell.Key, cell.Value, commit)
		}
		p.mu.Unlock()
	}
}

// forget drops everything: cells were replaced in the store past the commit loop, before the commit given,
// which is the next one to be sealed.
func (c *cellCache) forget(commit uint64) {
	if c == nil {
		return
	}
	for i := range c.parts {
		p := &c.parts[i]
		p.mu.Lock()
		p.changed = commit
		p.ring.forget()
		p.mu.Unlock()
	}
	c.filter.forget()
}

// cachedReader reads the state of a commit through a cache.
type cachedReader struct {
	store.Reader
	cache *cellCache // nil is none
	at    *uint64    // the commit
}

// Get implements store.Reader.
func (r cachedReader) Get(key []byte) ([]byte, error) {
	if v, ok := r.cache.get(key, *r.at); ok {
		return v, nil
	}
	v, err := r.Reader.Get(key)
	if err == nil {
		r.cache.add(key, v, *r.at)
	}
	return v, err
}
