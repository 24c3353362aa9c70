package node

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/replication"
)

// guardEvery is how often clocks are compared.
const guardEvery = time.Second

// settleTicks is how often peers must agree with a wall clock that stepped. What is known of a live peer is
// at most replication.LiveFor and a round trip old, and a peer whose round trip is long is not counted.
const settleTicks = 3

// clockGuard compares this node's clock with its live peers' and stops writes when it is the one
// that is off. Reads go on: they depend on no clock.
type clockGuard struct {
	peers     func() []replication.PeerStatus
	maxOffset time.Duration
	changed   func(clock.Verdict, time.Duration)
	// hlc follows the wall clock slowly. When that was wrong and is right again, slowly is too slow.
	hlc      *clock.HLC
	repaired func(step time.Duration)
	step     time.Duration // owned by run; the wall clock minus the timestamps' time
	settling int           // owned by run; ticks for which two peers agreed with a wall clock that stepped

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
	near := 0
	for _, p := range g.peers() {
		if !p.Live {
			continue
		}
		offsets = append(offsets, atLeast(p.Skew, p.SkewError))
		if p.Skew.Abs()+p.SkewError <= g.maxOffset {
			near++
		}
	}
	verdict, skew := clock.JudgeSkew(offsets, g.maxOffset)
	if verdict == clock.ClockGood && near >= 2 {
		verdict = g.follow()
	} else {
		g.settling = 0
	}
	g.mu.Lock()
	old := g.verdict
	g.verdict, g.skew = verdict, skew
	g.mu.Unlock()
	if old != verdict {
		g.changed(verdict, skew)
	}
}

// atLeast is the part of a measured skew that is certain. Over a link that is slow for the moment clocks
// cannot be compared, and nobody must stop for it.
func atLeast(skew, err time.Duration) time.Duration {
	if skew < 0 {
		return min(0, skew+err)
	}
	return max(0, skew-err)
}

// follow lets the timestamps follow a wall clock that stepped, when two peers that are near it have
// certainly been measured since: then it was wrong before and has been repaired. Until then nothing is
// written: the stamps would be as wrong as the clock was.
func (g *clockGuard) follow() clock.Verdict {
	_, step := g.hlc.Physical()
	if step.Abs() <= g.maxOffset*8/10 {
		g.settling = 0
		return clock.ClockGood
	}
	if (step - g.step).Abs() > g.maxOffset {
		g.settling = 0 // it stepped again
	}
	g.step = step
	if g.settling++; g.settling <= settleTicks {
		return clock.ClockBad
	}
	g.settling = 0
	g.hlc.Resync()
	g.repaired(step)
	return clock.ClockGood
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
	if skew.Abs() <= g.maxOffset*8/10 {
		return errors.New("this node's clock was set a moment ago; it is being compared with its peers'")
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
