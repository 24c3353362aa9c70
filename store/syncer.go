package store

import (
	"sync"
	"time"
)

// syncer makes commits durable at intervals.
type syncer struct {
	db   *DB
	quit chan struct{}
	once sync.Once
	done chan struct{} // closed when the goroutine is gone

	mu       sync.Mutex
	last     uint64        // guarded by mu; commits applied
	synced   uint64        // guarded by mu; commits durable
	advanced chan struct{} // guarded by mu; closed when synced rises
}

func startSyncer(db *DB, every time.Duration) *syncer {
	s := &syncer{db: db, quit: make(chan struct{}), done: make(chan struct{}), advanced: make(chan struct{})}
	go s.run(every)
	return s
}

func (s *syncer) run(every time.Duration) {
	defer close(s.done)
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			s.sync()
		case <-s.quit:
			s.sync()
			return
		}
	}
}

// sync makes durable what was applied before it began. An error has killed the store.
func (s *syncer) sync() {
	s.mu.Lock()
	target := s.last
	idle := s.synced == target
	s.mu.Unlock()
	if idle {
		return
	}
	b := s.db.pebble.NewBatch()
	if err := b.LogData(nil, nil); err != nil {
		s.db.life.kill(err)
		return
	}
	w, err := s.db.writeSync(b)
	if err != nil || w.Durable() != nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.synced = target
	close(s.advanced)
	s.advanced = make(chan struct{})
}

// applied numbers the commit just applied; the caller holds the write lock.
func (s *syncer) applied() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last++
	return s.last
}

// wait blocks until commit n is durable.
func (s *syncer) wait(n uint64) error {
	for {
		s.mu.Lock()
		durable, advanced := s.synced >= n, s.advanced
		s.mu.Unlock()
		if err := s.db.life.err(); err != nil {
			return err
		}
		if durable {
			return nil
		}
		select {
		case <-advanced:
		case <-s.db.life.ended:
		case <-s.done:
			return s.afterwards(n)
		}
	}
}

// afterwards answers for commit n when the last sync is over.
func (s *syncer) afterwards(n uint64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.db.life.err(); err != nil || s.synced >= n {
		return err
	}
	return ErrClosed
}

// stop syncs once more and waits until the goroutine is gone.
func (s *syncer) stop() {
	s.once.Do(func() { close(s.quit) })
	<-s.done
}
