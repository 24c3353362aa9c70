package node

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/replication"
)

// guardEvery is how often clocks are compared.
const guardEvery = time.Second

// clockGuard compares this node's clock with its live peers' and stops writes when it is the one
// that is off. Reads go on: they depend on no clock.
type clockGuard struct {
	peers     func() []replication.PeerStatus
	maxOffset time.Duration
	changed   func(clock.Verdict, time.Duration)

	mu      sync.Mutex
	verdict clock.Verdict // guarded by mu
	skew    time.Duration // guarded by mu
}

func (g *clockGuard) run(ctx context.Context) error {
	tick := time.NewTicker(guardEvery)
	defer tick.Stop()
	for {
		g.judge()
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

func (g *clockGuard) judge() {
	var offsets []time.Duration
	for _, p := range g.peers() {
		if p.Live {
			offsets = append(offsets, p.Skew)
		}
	}
	verdict, skew := clock.JudgeSkew(offsets, g.maxOffset)
	g.mu.Lock()
	old := g.verdict
	g.verdict, g.skew = verdict, skew
	g.mu.Unlock()
	if old != verdict {
		g.changed(verdict, skew)
	}
}

func (g *clockGuard) now() (clock.Verdict, time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.verdict, g.skew
}

// refusal is why this node must not issue writes, or nil.
func (g *clockGuard) refusal() error {
	verdict, skew := g.now()
	if verdict != clock.ClockBad {
		return nil
	}
	return fmt.Errorf("this node's clock is %v off the median of its peers (max_offset %v)", skew.Round(time.Millisecond), g.maxOffset)
}

// Clocks outside these years are refused at start: a node that joins with one would park everything
// or be parked by everybody.
const (
	firstYear = 2024
	lastYear  = 2100
)

func checkWall(w clock.Wall) error {
	millis, _ := w.Read()
	now := time.UnixMilli(millis).UTC()
	if now.Year() < firstYear || now.Year() >= lastYear {
		return fmt.Errorf("this host's clock says %s; set it before starting", now.Format(time.RFC3339))
	}
	return nil
}
