package grpcserver

import (
	"context"
	"errors"
	"slices"
	"sync"
)

// budget bounds a sum, here of bytes in flight. Takers are let in in the order in which
// they came. One may exceed it when nothing else is taken: a request larger than the
// whole budget still gets through.
type budget struct {
	limit int
	// queue bounds what waits; 0 is no bound.
	queue int

	mu      sync.Mutex
	taken   int      // guarded by mu
	waiting []*taker // guarded by mu; who came first is first
	queued  int      // guarded by mu; the sum of waiting
}

// taker waits for its share; let is closed when it has it.
type taker struct {
	n   int
	let chan struct{}
}

func newBudget(limit int) *budget { return &budget{limit: limit} }

// errQueueFull is returned when too much waits already.
var errQueueFull = errors.New("too much waits already")

// take waits until n fits.
func (b *budget) take(ctx context.Context, n int) error {
	b.mu.Lock()
	if len(b.waiting) == 0 && b.fits(n) {
		b.taken += n
		b.mu.Unlock()
		return nil
	}
	if b.queue > 0 && b.queued > 0 && b.queued+n > b.queue {
		b.mu.Unlock()
		return errQueueFull
	}
	t := &taker{n: n, let: make(chan struct{})}
	b.waiting = append(b.waiting, t)
	b.queued += n
	b.mu.Unlock()
	select {
	case <-t.let:
		return nil
	case <-ctx.Done():
		return b.leave(t, ctx.Err())
	}
}

// leave takes a taker out of the queue, unless it was let in meanwhile.
func (b *budget) leave(t *taker, why error) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	i := slices.Index(b.waiting, t)
	if i < 0 {
		return nil
	}
	b.waiting = slices.Delete(b.waiting, i, i+1)
	b.queued -= t.n
	b.let() // it may have been the one that did not fit
	return why
}

// give returns n.
func (b *budget) give(n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.taken -= n
	b.let()
}

// let lets in who fits now. Callers hold mu.
func (b *budget) let() {
	for len(b.waiting) > 0 && b.fits(b.waiting[0].n) {
		b.taken += b.waiting[0].n
		b.queued -= b.waiting[0].n
		close(b.waiting[0].let)
		b.waiting = slices.Delete(b.waiting, 0, 1)
	}
}

// fits is called with mu held.
func (b *budget) fits(n int) bool { return b.taken == 0 || b.taken+n <= b.limit }
