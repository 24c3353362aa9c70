package keyspace

import (
	"context"
	"time"
)

// The reading of cells in the background rests after so many of them, for so long.
const (
	filterPauseEvery = 1024
	filterPause      = time.Millisecond
)

// learnCells keeps the filter of the shard whole until ctx ends. Where a cell cannot be read, or there are too many,
// every read goes to the store.
func (s *Shard) learnCells(ctx context.Context) {
	c := s.core.cache
	if c == nil {
		return
	}
	for {
		if !c.filter.whole.Load() {
			s.learnOnce(ctx, c)
		}
		select {
		case <-ctx.Done():
			return
		case <-s.unlearnt:
		}
	}
}

// unlearn lets the cells be read again. It does not block.
func (s *Shard) unlearn() {
	select {
	case s.unlearnt <- struct{}{}:
	default:
	}
}

func (s *Shard) learnOnce(ctx context.Context, c *cellCache) {
	times := c.filter.begin()
	view := s.store.View() // newer than what is published: what was healed is in it
	defer func() { _ = view.Close() }()
	_ = c.learn(times, view, func(n int) bool {
		if n%filterPauseEvery == 0 {
			select {
			case <-ctx.Done():
			case <-time.After(filterPause):
			}
		}
		return n < len(c.filter.words)*8 && ctx.Err() == nil
	})
}
