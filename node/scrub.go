package node

import (
	"context"
	"sync"
	"time"

	"github.com/atollkv/atoll/server/adminserver"
	"github.com/atollkv/atoll/store"
)

// ScrubConfig says how data on disk is looked through for damage.
type ScrubConfig struct {
	// Interval is the time from the end of one look to the begin of the next; 0 is never.
	Interval time.Duration
	// RateBytes is how many bytes a second are read; 0 is no bound.
	RateBytes int64
}

// scrubber reads all data on disk now and then, past all caches, so that damage of what
// nobody reads is found within one cycle.
type scrubber struct {
	n *Node

	mu   sync.Mutex // held while one runs
	last struct {
		sync.Mutex
		ended    time.Time // guarded by the lock; zero is never
		progress store.ScrubProgress
	}
}

// scrubLook is how often it is looked whether a scrub is due.
const scrubLook = time.Second

func (s *scrubber) run(ctx context.Context) error {
	if s.n.cfg.Scrub.Interval == 0 {
		return nil
	}
	tick := time.NewTicker(scrubLook)
	defer tick.Stop()
	// The first one is due an interval after the start: a node that restarts often has
	// better things to do.
	_, began := s.n.opts.Wall.Read()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		_, now := s.n.opts.Wall.Read()
		if now-began < s.n.cfg.Scrub.Interval {
			continue
		}
		if _, err := s.Scrub(ctx, s.n.cfg.Scrub.RateBytes, nil); err != nil && ctx.Err() == nil {
			s.n.log.Error("scrub failed; the next one is due as usual", "error", err)
		}
		_, began = s.n.opts.Wall.Read()
	}
}

// Scrub implements adminserver.Scrubber.
func (s *scrubber) Scrub(ctx context.Context, rate int64, progress func(store.ScrubProgress)) (store.ScrubProgress, error) {
	if !s.mu.TryLock() {
		return store.ScrubProgress{}, adminserver.ErrScrubRuns
	}
	defer s.mu.Unlock()
	_, began := s.n.opts.Wall.Read()
	p, err := s.n.db.Scrub(ctx, rate, progress)
	if err != nil {
		return p, err
	}
	wall, now := s.n.opts.Wall.Read()
	s.last.Lock()
	s.last.ended, s.last.progress = time.UnixMilli(wall), p
	s.last.Unlock()
	s.n.metrics.damage.scrubs.Inc()
	s.n.log.Info("scrub ended", "bytes", p.Done, "damaged_ranges", p.Damaged, "took", now-began)
	return p, nil
}

// Damage implements adminserver.Scrubber.
func (s *scrubber) Damage() (healed uint64, open []string) { return s.n.healer.status() }

func (s *scrubber) lastEnd() (unix float64) {
	s.last.Lock()
	defer s.last.Unlock()
	if s.last.ended.IsZero() {
		return 0
	}
	return float64(s.last.ended.UnixMilli()) / 1000
}
