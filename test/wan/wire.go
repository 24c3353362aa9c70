package wan

import (
	"container/heap"
	"math/rand/v2"
	"sync"
	"time"
)

// Counts is what a directed link did so far.
type Counts struct{ Sent, Delivered, Dropped uint64 }

// wire is one directed link with the packets that are on their way.
type wire struct {
	start   time.Time
	deliver func([]byte)

	mu     sync.Mutex
	shaper shaper // guarded by mu
	queue  queue  // guarded by mu
	bytes  int    // guarded by mu; in queue
	number uint64 // guarded by mu
	counts Counts // guarded by mu
	wake   chan struct{}
}

func newWire(start time.Time, seed uint64, deliver func([]byte)) *wire {
	return &wire{start: start, deliver: deliver, wake: make(chan struct{}, 1), shaper: shaper{rng: rand.New(rand.NewPCG(seed, 1))}}
}

// send takes a packet; it keeps p.
func (w *wire) send(p []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.counts.Sent++
	arrivals := w.shaper.pass(time.Since(w.start), len(p))
	if len(arrivals) == 0 || w.bytes > queueMax {
		w.counts.Dropped++
		return
	}
	for _, at := range arrivals {
		w.number++
		heap.Push(&w.queue, packet{at: at, number: w.number, data: p})
		w.bytes += len(p)
	}
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// next takes out a packet that is due, or tells how long to wait.
func (w *wire) next() (p []byte, wait time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.queue) == 0 {
		return nil, time.Hour
	}
	if wait := w.queue[0].at - time.Since(w.start); wait > 0 {
		return nil, wait
	}
	p = heap.Pop(&w.queue).(packet).data
	w.bytes -= len(p)
	w.counts.Delivered++
	return p, 0
}

// run delivers until done is closed.
func (w *wire) run(done <-chan struct{}) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		p, wait := w.next()
		if p != nil {
			w.deliver(p)
			continue
		}
		timer.Reset(wait)
		select {
		case <-done:
			return
		case <-w.wake:
		case <-timer.C:
		}
	}
}

// set changes the link. What is on its way over a link that is cut is lost with it.
func (w *wire) set(l Link) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.shaper.set(l)
	if l.Cut {
		w.counts.Dropped += uint64(len(w.queue))
		w.queue, w.bytes = nil, 0
	}
}

func (w *wire) counted() Counts {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.counts
}

type packet struct {
	at     time.Duration
	number uint64 // in the order of sending, for those that arrive together
	data   []byte
}

// queue is a heap by time of arrival.
type queue []packet

func (q queue) Len() int { return len(q) }
func (q queue) Less(i, j int) bool {
	return q[i].at < q[j].at || q[i].at == q[j].at && q[i].number < q[j].number
}
func (q queue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *queue) Push(x any)   { *q = append(*q, x.(packet)) }
func (q *queue) Pop() any {
	old := *q
	p := old[len(old)-1]
	old[len(old)-1] = packet{}
	*q = old[:len(old)-1]
	return p
}
