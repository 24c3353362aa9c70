package keyspace

import (
	"errors"
	"maps"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/internal/namespace"
)

// ErrNotWatched: the command must run in the commit loop to watch keys.
var ErrNotWatched = errors.New("keys can be watched in the commit loop only")

// Watch tells whether any of some keys has changed, by a client here or by what came from elsewhere. It
// may also say so where only the form changed in which a key is kept. It must be closed.
//
// Usage: a command that runs in the commit loop gives it keys, a later one asks Holds.
type Watch struct {
	changed atomic.Bool

	mu     sync.Mutex
	keys   map[string]watched // guarded by mu; by full key
	in     *watches           // guarded by mu; nil before the first key
	closed bool               // guarded by mu
}

// watched is what a key showed when it was watched, and when the next of its fields ends, in Unix milliseconds; 0 is never.
type watched struct {
	shown crdt.Type
	until int64
}

// Has tells whether a key is watched.
func (w *Watch) Has(n namespace.Name, key []byte) bool { return w.has(n.Key(key)) }

func (w *Watch) has(key []byte) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	_, ok := w.keys[string(key)]
	return ok
}

// Watch adds keys. What was written before is seen by reads that begin when this command is answered;
// what is written after counts as a change. Those that are watched already stay as they are.
func (tx *Tx) Watch(w *Watch, keys [][]byte) error {
	if tx.watches == nil {
		return ErrNotWatched
	}
	for _, key := range keys {
		full := tx.full(key)
		if w.has(full) {
			continue
		}
		x, err := tx.watched(key)
		if err != nil {
			return err
		}
		tx.watches.add(w, string(full), x)
	}
	return nil
}

func (tx *Tx) watched(key []byte) (x watched, err error) {
	t, h, err := tx.Type(key)
	if err != nil || !fieldsMayEnd(t, &h) {
		return watched{shown: t}, err
	}
	x.shown = t
	err = tx.eachEnd(key, &h, maxMillis, func(_ []byte, f *crdt.Field) bool {
		if f.Live() && !tx.fieldEnded(f) {
			x.until = f.Until()
		}
		return x.until == 0
	})
	return x, err
}

// Holds tells whether no key of w has changed. It works in the commit loop only.
func (tx *Tx) Holds(w *Watch) (bool, error) {
	if tx.watches == nil {
		return false, ErrNotWatched
	}
	if w.changed.Load() {
		return false, nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	defer tx.Enter(tx.Namespace())
	for _, key := range slices.Sorted(maps.Keys(w.keys)) {
		t, _, err := tx.Type(tx.enter([]byte(key)))
		if x := w.keys[key]; err != nil || t != x.shown || x.until != 0 && x.until <= tx.Now() {
			return false, err
		}
	}
	return true, nil
}

// Close lets go of the keys.
func (w *Watch) Close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed = true; w.in != nil {
		w.in.remove(w)
	}
}

// watches knows who watches which key, and who waits for it. Its keys are full keys.
type watches struct {
	some   atomic.Bool   // byKey or queues is not empty; set before a command that watches is answered
	closed chan struct{} // nothing is done any more
	close  func()        // closes it

	mu     sync.Mutex
	byKey  map[string][]*Watch // guarded by mu
	queues map[string][]*Wait  // guarded by mu; first come first
	ready  []string            // guarded by mu; keys that have changed and that somebody waits for
	marked map[string]bool     // guarded by mu; what ready holds
	later  map[string]bool     // guarded by mu; keys whose waits go on in the next turn of the loop
	all    bool                // guarded by mu; any key has changed since takeAll
}

// noteSome keeps what some says. Callers hold mu.
func (s *watches) noteSome() { s.some.Store(len(s.byKey)+len(s.queues) > 0) }

func (s *watches) add(w *Watch, key string, x watched) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return
	}
	if w.keys == nil {
		w.keys = map[string]watched{}
	}
	w.in, w.keys[key] = s, x
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.byKey == nil {
		s.byKey = map[string][]*Watch{}
	}
	s.byKey[key] = append(s.byKey[key], w)
	s.noteSome()
}

// remove forgets a watch, whose mu the caller holds.
func (s *watches) remove(w *Watch) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, key := range slices.Sorted(maps.Keys(w.keys)) {
		left := slices.DeleteFunc(s.byKey[key], func(x *Watch) bool { return x == w })
		if s.byKey[key] = left; len(left) == 0 {
			delete(s.byKey, key)
		}
	}
	s.noteSome()
}

// noteCell says that a cell has changed. It is called for every cell, and mostly nobody watches.
func (s *watches) noteCell(cell []byte) {
	if s == nil || !s.some.Load() {
		return
	}
	if _, key, _, err := splitKey(cell); err == nil {
		s.note(key)
	}
}

// note says that a key has changed. Who was told of one change is not told of the next.
func (s *watches) note(key []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, w := range s.byKey[string(key)] {
		w.changed.Store(true)
	}
	delete(s.byKey, string(key))
	s.noteReady(string(key))
	s.noteSome()
}

// noteAll says that any key may have changed.
func (s *watches) noteAll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, key := range slices.Sorted(maps.Keys(s.byKey)) {
		for _, w := range s.byKey[key] {
			w.changed.Store(true)
		}
	}
	clear(s.byKey)
	for _, key := range slices.Sorted(maps.Keys(s.queues)) {
		s.noteReady(key)
	}
	s.noteSome()
	s.all = true
}

// takeAll tells whether any key may have changed since it was asked last.
func (s *watches) takeAll() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := s.all
	s.all = false
	return all
}
