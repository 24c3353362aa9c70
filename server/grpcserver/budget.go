package grpcserver

import (
	"context"
	"sync"
)

// budget bounds a sum, here of bytes in flight. One taker at a time may exceed it, when
// nothing else is taken: a request larger than the whole budget still gets through.
type budget struct {
	limit int
	freed chan struct{} // holds a token after give

	mu    sync.Mutex
	taken int
}

func newBudget(limit int) *budget { return &budget{limit: limit, freed: make(chan struct{}, 1)} }

// take waits until n fits. Only one goroutine may call it.
func (b *budget) take(ctx context.Context, n int) error {
	for {
		b.mu.Lock()
		if b.taken == 0 || b.taken+n <= b.limit {
			b.taken += n
			b.mu.Unlock()
			return nil
		}
		b.mu.Unlock()
		select {
		case <-b.freed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// give returns n.
func (b *budget) give(n int) {
	b.mu.Lock()
	b.taken -= n
	b.mu.Unlock()
	select {
	case b.freed <- struct{}{}:
	default:
	}
}
