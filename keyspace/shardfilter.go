package keyspace

import (
	"context"
	"time"
)

const (
	// filterPauseCells and filterPauseBytes are after how much the reading of cells in the background rests, for filterPause.
	filterPauseCells = 1024
	filterPauseBytes = 1 << 20
	filterPause      = time.Millisecond
	// filterBytesMax is how much is read at most: a store of large values has no filter.
	filterBytesMax = 8 << 30
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
	restCells, restBytes := 0, 0
	_ = c.learn(times, view, func(cells, bytes int) bool {
		if cells >= restCells || bytes >= restBytes {
			restCells, restBytes = cells+filterPauseCells, bytes+filterPauseBytes
			select {
			case <-ctx.Done():
			case <-time.After(filterPause):
			}
		}
		return cells < len(c.filter.words)*8 && bytes < filterBytesMax && ctx.Err() == nil
	})
}
