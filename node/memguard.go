package node

import (
	"context"
	"fmt"
	runtimemetrics "runtime/metrics"
	"sync/atomic"
	"time"
)

const (
	// memoryEvery is how often the heap is looked at.
	memoryEvery = 100 * time.Millisecond
	// shedWritesAt and shedAllAt are the parts of the heap's limit, in percent, at which
	// clients are turned away: what peers send needs room too.
	shedWritesAt = 85
	shedAllAt    = 92
	// collectAfter is how many looks pass between two collections that are asked for.
	collectAfter = 2
)

// memGuard turns clients away before the heap is full of what lives, so that replication
// goes on.
type memGuard struct {
	limit int64
	// live returns the bytes that the last collection found in use.
	live func() int64

	// collect makes the runtime look again; nil leaves that to it.
	collect func()

	percent atomic.Int64
	waited  int // steps since collect; owned by run
}

func (g *memGuard) run(ctx context.Context) error {
	tick := time.NewTicker(memoryEvery)
	defer tick.Stop()
	for {
		g.step()
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// step looks at the heap. While clients are turned away little is allocated, so the
// runtime would not collect for long, and what was once found living would count for
// ever: collections are asked for.
func (g *memGuard) step() {
	p := g.live() * 100 / max(g.limit, 1)
	g.percent.Store(p)
	if g.waited++; p >= shedWritesAt && g.waited >= collectAfter && g.collect != nil {
		g.collect()
		g.waited = 0
	}
}

// refusal tells why a request is turned away, or nil.
func (g *memGuard) refusal(writes bool) error {
	at := int64(shedAllAt)
	if writes {
		at = shedWritesAt
	}
	if p := g.percent.Load(); p >= at {
		return fmt.Errorf("%d %% of the heap's limit (%s) are in use", p, mebibytes(g.limit))
	}
	return nil
}

// liveHeap asks the runtime.
func liveHeap() int64 {
	s := []runtimemetrics.Sample{{Name: "/gc/heap/live:bytes"}}
	runtimemetrics.Read(s)
	return int64(s[0].Value.Uint64())
}
