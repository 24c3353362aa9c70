package grpcserver

import (
	"context"
	"sync"
)

// workers runs functions on at most max goroutines, and keeps idle ones for the next:
// their stacks have grown already.
type workers struct {
	max     int
	running int // owned by the caller of run
	work    chan func()
	wg      sync.WaitGroup
}

func newWorkers(max int) *workers { return &workers{max: max, work: make(chan func())} }

// run hands f to a worker. It blocks while all are busy. Only one goroutine may call it.
func (w *workers) run(ctx context.Context, f func()) error {
	select {
	case w.work <- f:
		return nil
	default:
	}
	if w.running < w.max {
		w.running++
		w.wg.Go(func() {
			f()
			for f := range w.work {
				f()
			}
		})
		return nil
	}
	select {
	case w.work <- f:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// wait lets the workers end and waits for them.
func (w *workers) wait() {
	close(w.work)
	w.wg.Wait()
}
