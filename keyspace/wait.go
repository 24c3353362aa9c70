package keyspace

import (
	"slices"
	"sync"

	"github.com/atollkv/atoll/crdt"
	"github.com/atollkv/atoll/internal/namespace"
)

// Wait is a command that waits for a key: until a write here, or one that came from elsewhere, lets it be
// done. It is done in the commit loop, right after what it waited for; of those who wait for one key, who
// came first is first.
//
// Usage: a command that runs in the commit loop gives it to [Tx.Await], then its owner calls Await. It must be closed.
type Wait struct {
	// Keys are waited for. Type is what one of them must hold.
	Keys  [][]byte
	Type  crdt.Type
	space namespace.Name // of the keys
	full  [][]byte       // the keys as full keys
	// Shared: others may be done with what this one finds nothing in, as those who read a stream from earlier on.
	Shared bool
	// Gone, if it is not nil, ends the wait where a key holds nothing, or something else.
	Gone error
	// Try makes the command to do when a key may have what is waited for. Its reply's Found tells that
	// it is done; else the wait goes on, and unless it is Shared there is nothing of Type for anyone else.
	Try func(key []byte) Command
	// By is who waits: see WithWriter.
	By int64
	// May tells why it must not be done now; that ends the wait. Nil lets it.
	May func() error

	mu   sync.Mutex // held while the loop tries
	over bool       // guarded by mu; done, or given up
	in   *watches   // guarded by mu; nil before Tx.Await
	done chan outcome
}

// Await begins to wait. What was written before is not noticed.
func (tx *Tx) Await(w *Wait) error {
	if tx.watches == nil {
		return ErrNotWatched
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.over {
		return nil
	}
	w.space = tx.space
	for _, key := range w.Keys {
		w.full = append(w.full, tx.full(key))
	}
	w.in, w.done = tx.watches, make(chan outcome, 1)
	tx.watches.enqueue(w)
	return nil
}

// Close gives the wait up, also before it has begun.
func (w *Wait) Close() { w.giveUp() }

// giveUp ends the wait; false where it is over.
func (w *Wait) giveUp() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.over {
		return false
	}
	if w.over = true; w.in != nil {
		w.in.dequeue(w)
	}
	return true
}

// enqueue puts w last in the queue of each of its keys.
func (s *watches) enqueue(w *Wait) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.queues == nil {
		s.queues, s.marked = map[string][]*Wait{}, map[string]bool{}
	}
	for _, key := range w.full {
		if q := s.queues[string(key)]; len(q) == 0 || q[len(q)-1] != w {
			s.queues[string(key)] = append(q, w)
		}
	}
	s.noteSome()
}

func (s *watches) dequeue(w *Wait) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, key := range w.full {
		left := slices.DeleteFunc(s.queues[string(key)], func(x *Wait) bool { return x == w })
		if s.queues[string(key)] = left; len(left) == 0 {
			delete(s.queues, string(key))
		}
	}
	s.noteSome()
}

// noteReady says that those who wait for a key are to be tried. Callers hold mu.
func (s *watches) noteReady(key string) {
	if len(s.queues[key]) > 0 && !s.marked[key] && !s.later[key] {
		s.ready, s.marked[key] = append(s.ready, key), true
	}
}

// postpone leaves those who wait for a key to the next turn of the loop.
func (s *watches) postpone(key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.later == nil {
		s.later = map[string]bool{}
	}
	s.later[key] = true
	if s.marked[key] {
		delete(s.marked, key)
		s.ready = slices.DeleteFunc(s.ready, func(k string) bool { return k == key })
	}
}

// postponed tells whether something was left to the next turn.
func (s *watches) postponed() bool {
	if !s.some.Load() {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.later) > 0
}

// resume begins a turn: what was postponed is to be tried.
func (s *watches) resume() {
	if !s.postponed() {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	list := sortedKeys(s.later)
	clear(s.later)
	for _, key := range list {
		s.noteReady(key)
	}
}

// takeReady returns the next key that has changed, and who waits for it, first come first.
func (s *watches) takeReady() (key string, queue []*Wait, ok bool) {
	if !s.some.Load() {
		return "", nil, false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.ready) == 0 {
		return "", nil, false
	}
	key, s.ready = s.ready[0], s.ready[1:]
	delete(s.marked, key)
	return key, slices.Clone(s.queues[key]), true
}

// serve tries those who wait for what has changed. To do one may change more; it ends, since each is done
// once, and one that is to be run again has another turn.
func (c *Core) serve(done func(*Wait, outcome)) {
	for {
		key, queue, ok := c.watches.takeReady()
		if !ok {
			return
		}
		none := map[crdt.Type]bool{} // what there is nothing of, for whoever waits behind
		_, user := namespace.Cut([]byte(key))
		for _, w := range queue {
			if none[w.Type] {
				continue
			}
			o, end := c.try(w, user)
			switch end {
			case attemptEnded:
				done(w, o)
			case attemptVain:
				none[w.Type] = !w.Shared
			}
			if c.failed != nil {
				return
			}
			if end == attemptAgain {
				c.watches.postpone(key)
				break // those behind it come after it, in that turn
			}
		}
	}
}

// attempted is what became of an attempt to do what somebody waits for.
type attempted uint8

const (
	attemptLate  attempted = iota // the wait was over
	attemptVain                   // there was nothing
	attemptAgain                  // there was nothing so far: it is to be run again
	attemptEnded                  // done, or failed
)

// try does the command of w for a key, if it can be done.
func (c *Core) try(w *Wait, key []byte) (o outcome, end attempted) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.over {
		return o, attemptLate
	}
	if w.May != nil {
		o.err = w.May()
	}
	if o.err == nil {
		c.enter(w.By)
		o.replies, _, o.err = c.Execute([]Command{InNamespace(w.space, attempt{w.Try(key), key, w.Type, w.Gone})})
		c.leave()
	}
	switch {
	case o.err != nil || o.replies[0].Found:
	case o.replies[0].Again:
		return o, attemptAgain
	default:
		return o, attemptVain
	}
	w.over = true
	w.in.dequeue(w)
	return o, attemptEnded
}

// attempt is a command for a key that may hold something else, or nothing, and is left alone then.
type attempt struct {
	Command
	key  []byte
	of   crdt.Type
	gone error
}

// Run implements Command.
func (a attempt) Run(tx *Tx) (Reply, error) {
	if t, _, err := tx.Type(a.key); err != nil {
		return Reply{}, err
	} else if t != a.of {
		return Reply{}, a.gone
	}
	return a.Command.Run(tx)
}
