package keyspace

import (
	"encoding/binary"
	"hash/crc32"
	"sync"

	"github.com/atollkv/atoll/store"
)

const (
	// cacheParts is how many parts a cellCache has, each with a lock of its own.
	cacheParts = 256
	// cacheGhostBytes is how many bytes of a part's size stand for one cell that was read once and is
	// remembered.
	cacheGhostBytes = 128
	// cacheValueMax bounds a value that is kept, in bytes.
	cacheValueMax = 8 << 10
	// cacheEntryBytes is what an entry takes beside its key and value.
	cacheEntryBytes = 96
)

// cellCache keeps cells that are read again and again as they are in the store: a search of the store
// costs several times what the rest of a read does. Absent cells are kept too.
//
// Invariant: an entry is what the cell is in every state from commit from on, up to the last one that was
// sealed. So a reader of the state of commit n may take entries whose from is at most n, and may add what it
// read only where no commit after n has changed the part. Values are shared, and never changed.
//
// A cell is kept from the second time it is read while its part remembers the first: cells that
// are read once push nothing out.
type cellCache struct {
	parts [cacheParts]cachePart
}

type cachePart struct {
	mu      sync.RWMutex
	entries map[string]cached // guarded by mu
	order   []string          // guarded by mu; the keys of entries, the oldest first
	ghosts  []uint32          // guarded by mu; hashes of cells that were read once
	changed uint64            // guarded by mu; the last commit that changed a cell of the part
	free    int               // guarded by mu; bytes
}

type cached struct {
	value []byte // nil is an absent cell
	from  uint64
}

// newCellCache returns a cache of about size bytes; nil, which keeps nothing, if that is nothing.
func newCellCache(size int64) *cellCache {
	if size <= 0 {
		return nil
	}
	c := &cellCache{}
	for i := range c.parts {
		p := &c.parts[i]
		p.entries, p.free = map[string]cached{}, int(size/cacheParts)
		p.ghosts = make([]uint32, max(1, p.free/cacheGhostBytes))
	}
	return c
}

// part returns the part of a cell; nil if the key is of no cell, and where nothing is kept.
func (c *cellCache) part(key []byte) *cachePart {
	if c == nil || len(key) == 0 || key[0] != store.SpaceData {
		return nil
	}
	at := slotAt(key)
	if at == 0 {
		return nil
	}
	return &c.parts[binary.BigEndian.Uint16(key[at:])%cacheParts]
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// get returns a cell in the state of commit at; ok is false when that is not known.
func (c *cellCache) get(key []byte, at uint64) (value []byte, ok bool) {
	p := c.part(key)
	if p == nil {
		return nil, false
	}
	p.mu.RLock()
	defer p.mu.RUnlock()
	e, ok := p.entries[string(key)]
	return e.value, ok && e.from <= at
}

// add offers what a cell is in the state of commit at.
func (c *cellCache) add(key, value []byte, at uint64) {
	p := c.part(key)
	if p == nil || len(value) > cacheValueMax {
		return
	}
	hash := crc32.Checksum(key, castagnoli)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.changed > at {
		return // perhaps this very cell
	}
	if g := &p.ghosts[hash%uint32(len(p.ghosts))]; *g != hash {
		*g = hash
		return
	}
	p.put(string(key), cached{value, p.changed})
}

// put stores an entry and makes room for it: the oldest go first. Callers hold mu.
func (p *cachePart) put(key string, e cached) {
	if !p.remove(key) {
		p.order = append(p.order, key)
	}
	p.entries[key] = e
	p.free -= cacheEntryBytes + len(key) + len(e.value)
	for p.free < 0 {
		p.remove(p.order[0])
		p.order = p.order[1:]
	}
}

// remove drops an entry, and tells whether it was there. Its place in the order is left to the caller.
func (p *cachePart) remove(key string) bool {
	e, ok := p.entries[key]
	if ok {
		p.free += cacheEntryBytes + len(key) + len(e.value)
		delete(p.entries, key)
	}
	return ok
}

// change takes in the cells of a commit. Readers must not see the commit before.
func (c *cellCache) change(cells []store.Cell, commit uint64) {
	for _, cell := range cells {
		p := c.part(cell.Key)
		if p == nil {
			continue
		}
		p.mu.Lock()
		p.changed = commit
		if _, ok := p.entries[string(cell.Key)]; ok {
			p.put(string(cell.Key), cached{cell.Value, commit})
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
		for _, key := range p.order {
			p.remove(key)
		}
		p.order = nil
		p.mu.Unlock()
	}
}

// cachedReader reads the state of a commit through a cache.
type cachedReader struct {
	store.Reader
	cache *cellCache // nil is none
	at    *uint64    // the commit
}

// Get implements store.Reader. What it returns is shared: it must not be changed.
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
