package faults

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/atollkv/atoll/client"
)

const (
	writersPerNode = 2
	// opTimeout is how long a client waits for an answer before it counts the outcome as
	// unknown.
	opTimeout = 3 * time.Second
	pace      = 2 * time.Millisecond
)

// load writes at every node and remembers what it was told.
type load struct {
	c     *cluster
	size  int // of values
	stop  chan struct{}
	write sync.WaitGroup

	mu      sync.Mutex
	acked   int64              // guarded by mu; increments
	maybe   int64              // guarded by mu; increments whose outcome is unknown
	members map[string]bool    // guarded by mu; of the set, acknowledged
	keys    map[string]string  // guarded by mu; acknowledged registers; "" is a delete
	unknown [3]int             // guarded by mu; by node
	refused [3]int             // guarded by mu; by node
	took    [3][]time.Duration // guarded by mu; acknowledged writes, by node
	reasons map[string]int     // guarded by mu
}

// begin starts writers at every node.
func (c *cluster) begin(size int) *load {
	l := &load{c: c, size: size, stop: make(chan struct{}), members: map[string]bool{}, keys: map[string]string{}, reasons: map[string]int{}}
	for _, n := range c.nodes {
		for w := range writersPerNode {
			l.write.Go(func() { l.writer(n, fmt.Sprintf("%s%d", n.region, w)) })
		}
	}
	return l
}

// end stops the writers.
func (l *load) end() {
	close(l.stop)
	l.write.Wait()
}

func (l *load) writer(n *node, name string) {
	value := make([]byte, l.size)
	for i := 0; ; i++ {
		select {
		case <-l.stop:
			return
		case <-time.After(pace):
		}
		id := fmt.Sprintf("%s-%d", name, i)
		switch i % 4 {
		case 0:
			outcome := l.one(n, func(ctx context.Context) error { _, err := n.client.Counter("n").Incr(ctx, 1); return err })
			l.count(outcome)
		case 1:
			l.one(n, func(ctx context.Context) error { _, err := n.client.Set("s").Add(ctx, id); return err }, func() { l.members[id] = true })
		case 2:
			text := id + string(value)
			l.one(n, func(ctx context.Context) error { return n.client.Register(id).Set(ctx, []byte(text)) }, func() { l.keys[id] = text })
		case 3:
			gone := fmt.Sprintf("%s-%d", name, i-1)
			// A delete whose outcome is unknown leaves the key open.
			l.forget(gone, i%8 == 7, func(ctx context.Context) error { _, err := n.client.Delete(ctx, gone); return err }, n)
		}
	}
}

// forget deletes a key again, if asked to.
func (l *load) forget(key string, really bool, del func(context.Context) error, n *node) {
	l.mu.Lock()
	_, written := l.keys[key]
	l.mu.Unlock()
	if !really || !written {
		return
	}
	if l.one(n, del, func() { l.keys[key] = "" }) == unknown {
		l.mu.Lock()
		delete(l.keys, key)
		l.mu.Unlock()
	}
}

type outcome int

const (
	ok outcome = iota
	unknown
	refused
)

// one does one write and notes its outcome; noted runs under the lock when it was acknowledged.
func (l *load) one(n *node, do func(context.Context) error, noted ...func()) outcome {
	ctx, cancel := context.WithTimeout(context.Background(), opTimeout)
	defer cancel()
	begin := time.Now()
	err := do(ctx)
	l.mu.Lock()
	defer l.mu.Unlock()
	if err == nil {
		l.took[n.n] = append(l.took[n.n], time.Since(begin))
		for _, f := range noted {
			f()
		}
		return ok
	}
	var e *client.Error
	if errors.As(err, &e) {
		l.reasons[n.region+" "+e.Code]++
	}
	if errors.Is(err, client.ErrUnavailable) || errors.As(err, &e) && (e.Code == "DISKFULL" || e.Code == "OVERLOAD") {
		l.refused[n.n]++
		return refused
	}
	l.unknown[n.n]++
	return unknown
}

func (l *load) count(o outcome) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch o {
	case ok:
		l.acked++
	case unknown:
		l.maybe++
	}
}

// total is how many writes were acknowledged, left open, and refused.
func (l *load) total() (acked, open, no int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := range regions {
		acked += len(l.took[i])
		open += l.unknown[i]
		no += l.refused[i]
	}
	return acked, open, no
}

// untroubled demands that no client of these nodes saw an error.
func (l *load) untroubled(t *testing.T, nodes ...int) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, n := range nodes {
		if l.unknown[n]+l.refused[n] > 0 {
			t.Errorf("clients of %s saw %d writes without an answer and %d refused: %v", regions[n], l.unknown[n], l.refused[n], l.reasons)
		}
	}
}

// written is how many writes were acknowledged at a node so far.
func (l *load) written(n int) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.took[n])
}

// quantile of the time that acknowledged writes at a node took, of those from one on, in percent.
func (l *load) quantile(n, from, percent int) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	d := slices.Sorted(slices.Values(l.took[n][from:]))
	if len(d) == 0 {
		return 0
	}
	return d[len(d)*percent/100]
}

// audit compares what clients were told with what the regions hold. They have
// converged: equal digests, so one of them is read whole.
func (l *load) audit(t *testing.T) {
	t.Helper()
	acked, open, _ := l.total()
	if acked < 50 || open > acked {
		t.Errorf("uninformative: %d writes acknowledged, %d open: %v", acked, open, l.reasons)
	}
	for _, n := range l.c.nodes {
		got, err := n.client.Counter("n").Get(t.Context())
		if err != nil || got < l.acked || got > l.acked+l.maybe {
			t.Errorf("%s counts %d (%v): %d increments were acknowledged, %d are open", n.region, got, err, l.acked, l.maybe)
		}
	}
	have := map[string]bool{}
	for m, err := range l.c.nodes[ap].client.Set("s").Members(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		have[string(m)] = true
	}
	lost := 0
	for m := range l.members {
		if !have[m] {
			lost++
		}
	}
	back := 0
	for key, want := range l.keys {
		got, err := l.c.nodes[ap].client.Register(key).Get(t.Context())
		switch {
		case errors.Is(err, client.ErrNotFound):
			if want != "" {
				lost++
			}
		case err != nil:
			t.Fatal(err)
		case want == "":
			back++
		case string(got) != want:
			t.Errorf("%s shows a value that nobody wrote there", key)
		}
	}
	if lost > 0 || back > 0 {
		t.Errorf("%d acknowledged writes are lost, %d deleted keys are back", lost, back)
	}
}
