package respserver

import (
	"container/list"
	"math/rand/v2"
	"sync"
)

const (
	cursorsMax     = 10_000
	cursorBytesMax = 8 << 20
)

// cursors remembers where scans go on. The Redis protocol has a 64-bit number for that, and a place
// in the keyspace is a key: so a number stands for a place that is kept here. Those used longest ago
// are forgotten first; a forgotten one is an error, never a wrong answer.
type cursors struct {
	mu    sync.Mutex
	byID  map[uint64]*list.Element // guarded by mu
	used  list.List                // guarded by mu; of *cursor, newest first
	bytes int                      // guarded by mu
}

type cursor struct {
	id    uint64
	scan  string // what is scanned
	place []byte
}

// add keeps a place of a scan and returns its number, which is never 0.
func (c *cursors) add(scan string, place []byte) uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.byID == nil {
		c.byID = map[uint64]*list.Element{}
	}
	k := &cursor{rand.Uint64()>>1 | 1, scan, place} // random: a number of another node or another run means nothing
	c.byID[k.id] = c.used.PushFront(k)
	c.bytes += k.size()
	for len(c.byID) > cursorsMax || c.bytes > cursorBytesMax {
		c.forgetOldest()
	}
	return k.id
}

func (k *cursor) size() int { return len(k.scan) + len(k.place) }

func (c *cursors) forgetOldest() {
	oldest := c.used.Back()
	k := c.used.Remove(oldest).(*cursor)
	delete(c.byID, k.id)
	c.bytes -= k.size()
}

// find returns the place that a number of this scan stands for; 0 is the beginning.
func (c *cursors) find(scan string, id uint64) (place []byte, ok bool) {
	if id == 0 {
		return nil, true
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.byID[id]
	if e == nil || e.Value.(*cursor).scan != scan {
		return nil, false
	}
	c.used.MoveToFront(e)
	return e.Value.(*cursor).place, true
}
