package respserver

import (
	"slices"
	"sync"
	"sync/atomic"

	"github.com/atollkv/atoll/internal/namespace"
	"github.com/atollkv/atoll/keyspace"
)

const (
	// trackedBytes bounds the keys that clients have read, each with trackedKeyBytes beside its name.
	trackedBytes    = 64 << 20
	trackedKeyBytes = 96
)

// tracked knows which client has read which key, for CLIENT TRACKING. Who is told of a key is forgotten
// with it, until he reads it again.
//
// Invariant: a key is entered before it is read. Who reads what a commit replaces is so found when the
// commit is published.
type tracked struct {
	s    *Server
	some atomic.Bool // somebody tracks

	mu      sync.Mutex
	clients map[int64]*conn    // guarded by mu; those that track, by id
	noLoop  map[int64]bool     // guarded by mu; those that are not told of their own writes
	readers map[string][]int64 // guarded by mu; by key, ascending; some may be gone
	items   int                // guarded by mu; ids in readers
	max     int                // guarded by mu; of items
	bytes   int                // guarded by mu; that the keys of readers take
}

// enter lets a client track, or no more.
func (t *tracked) enter(c *conn, on bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.clients == nil {
		t.clients, t.readers, t.noLoop = map[int64]*conn{}, map[string][]int64{}, map[int64]bool{}
	}
	if delete(t.clients, c.id); on {
		t.clients[c.id] = c
	}
	if m, _ := c.tracking.look(); on && m.noLoop {
		t.noLoop[c.id] = true
	} else {
		delete(t.noLoop, c.id)
	}
	if t.s.cfg.NoteWriters != nil {
		t.s.cfg.NoteWriters(len(t.noLoop) > 0)
	}
	if t.some.Store(len(t.clients) > 0); len(t.clients) == 0 {
		clear(t.readers)
		t.items, t.bytes = 0, 0
	}
}

// read notes that a client reads keys. Where that is too much, others are forgotten, and who has read them
// is told so.
func (t *tracked) read(c *conn, keys [][]byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, key := range keys {
		if _, known := slices.BinarySearch(t.readers[string(key)], c.id); known {
			continue
		}
		for t.items >= t.max || t.bytes > trackedBytes {
			t.forgetAny()
		}
		t.remember(string(key), c.id)
	}
}

// remember notes that a client has read a key that it is not noted for. Callers hold mu.
func (t *tracked) remember(key string, id int64) {
	who := t.readers[key]
	if len(who) == 0 {
		t.bytes += len(key) + trackedKeyBytes
	}
	at, _ := slices.BinarySearch(who, id)
	t.readers[key] = slices.Insert(who, at, id)
	t.items++
}

// limit bounds the pairs of key and client, at once.
func (t *tracked) limit(n int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.max = int(n)
	for t.items > t.max {
		t.forgetAny()
	}
}

func (t *tracked) limitNow() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.max
}

// forget returns who has read a key, for the last time. Callers hold mu.
func (t *tracked) forget(key string) []int64 {
	who, known := t.readers[key]
	if known {
		t.items -= len(who)
		t.bytes -= len(key) + trackedKeyBytes
		delete(t.readers, key)
	}
	return who
}

// forgetAny tells who has read some key as if it had changed. Callers hold mu.
func (t *tracked) forgetAny() {
	for key := range t.readers {
		for _, id := range t.forget(key) {
			if c := t.clients[id]; c != nil {
				c.tracking.invalidate(c, []string{key})
			}
		}
		return
	}
}

// heard tells clients of what a commit has changed.
func (t *tracked) heard(change keyspace.Change) {
	if !t.some.Load() {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if change.All {
		t.tellAll()
		return
	}
	due, seen := map[*conn][]string{}, map[string]bool{}
	for key := range change.Keys() {
		if seen[string(key)] {
			continue
		}
		seen[string(key)] = true
		// As in Redis, keys are known by their names, in whatever namespace.
		_, name := namespace.Cut(key)
		for _, c := range t.interested(string(name), change.Writer(key)) {
			due[c] = append(due[c], string(name))
		}
	}
	for c, keys := range due {
		c.tracking.invalidate(c, keys)
	}
}

// interested returns who is to be told that a writer has changed a key. Who is not, since the write was its own, goes on
// being told of those of others. Callers hold mu.
func (t *tracked) interested(key string, writer int64) (list []*conn) {
	own := func(c *conn) bool { return c.id == writer && t.noLoop[c.id] }
	for _, id := range t.forget(key) {
		c := t.clients[id]
		switch {
		case c == nil:
		case own(c):
			t.remember(key, id)
		case !c.tracking.follows(key):
			list = append(list, c)
		}
	}
	for _, c := range t.clients {
		if c.tracking.follows(key) && !own(c) {
			list = append(list, c)
		}
	}
	return list
}

// tellAll tells everybody that any key may have changed. Callers hold mu.
func (t *tracked) tellAll() {
	for _, c := range t.clients {
		c.tracking.invalidate(c, nil)
	}
	clear(t.readers)
	t.items, t.bytes = 0, 0
}

// counts describes it for INFO.
func (t *tracked) counts() (clients, keys, items int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.clients), len(t.readers), t.items
}
