package e2e

import (
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/atollkv/atoll/client"
)

var kills = flag.Int("kills", 100, "how many kill -9 TestKillNine makes")

// ledger is what the clients of one test were told.
type ledger struct {
	acked, unknown atomic.Int64 // of the counter
	mu             sync.Mutex
	sets           map[string]bool // guarded by mu; members acknowledged
}

// TestKillNine kills one node with -9 under load, again and again: every acknowledged
// write is there afterwards, every region converges, nothing is counted twice.
func TestKillNine(t *testing.T) {
	c := start(t, three)
	l := &ledger{sets: map[string]bool{}}
	stop := make(chan struct{})
	var load sync.WaitGroup
	for _, r := range three {
		cl := c.at(r)
		for w := range 4 {
			load.Go(func() { l.write(t, cl, fmt.Sprintf("%s%d", r, w), stop) })
		}
	}
	for i := range *kills {
		victim := three[rand.IntN(3)]
		time.Sleep(time.Duration(rand.IntN(120)) * time.Millisecond)
		c.dev("kill", victim)
		time.Sleep(time.Duration(rand.IntN(60)) * time.Millisecond)
		c.dev("start", victim)
		if t.Failed() {
			t.Fatalf("failed in round %d", i)
		}
	}
	close(stop)
	load.Wait()
	c.converge()
	l.audit(t, c)
}

// write increments a counter and adds unique members until told to stop.
func (l *ledger) write(t *testing.T, cl *client.Client, name string, stop chan struct{}) {
	for i := 0; ; i++ {
		select {
		case <-stop:
			return
		default:
		}
		_, err := cl.Counter("n").Incr(t.Context(), 1)
		switch {
		case err == nil:
			l.acked.Add(1)
		case errors.Is(err, client.ErrUnknown):
			l.unknown.Add(1)
		case !errors.Is(err, client.ErrUnavailable):
			t.Errorf("%s: incr: %v", name, err)
			return
		}
		member := fmt.Sprintf("%s-%d", name, i)
		_, err = cl.Set("s").Add(t.Context(), member)
		switch {
		case err == nil:
			l.mu.Lock()
			l.sets[member] = true
			l.mu.Unlock()
		case !errors.Is(err, client.ErrUnknown) && !errors.Is(err, client.ErrUnavailable):
			t.Errorf("%s: sadd: %v", name, err)
			return
		}
	}
}

// audit compares what the clients were told with what every region holds.
func (l *ledger) audit(t *testing.T, c *cluster) {
	acked, unknown := l.acked.Load(), l.unknown.Load()
	t.Logf("%d increments acknowledged, %d unknown, %d members acknowledged", acked, unknown, len(l.sets))
	if acked == 0 || unknown*2 > acked {
		t.Errorf("uninformative run: %d acknowledged, %d unknown", acked, unknown)
	}
	for _, r := range c.regions {
		n := must(c.at(r).Counter("n").Get(t.Context()))(t)
		if n < acked || n > acked+unknown {
			t.Errorf("%s counts %d; %d were acknowledged and %d are unknown", r, n, acked, unknown)
		}
		have := map[string]bool{}
		for m, err := range c.at(r).Set("s").Members(t.Context()) {
			ok(t, err)
			have[string(m)] = true
		}
		for m := range l.sets {
			if !have[m] {
				t.Errorf("%s lacks %s, which was acknowledged", r, m)
			}
		}
		if n := must(c.at(r).Set("s").Len(t.Context()))(t); int(n) != len(have) {
			t.Errorf("%s counts %d members of %d", r, n, len(have))
		}
	}
}

// TestAckedThenKilled: a write whose OK was just read survives kill -9 before any peer
// has it, and reaches everyone.
func TestAckedThenKilled(t *testing.T) {
	c := start(t, three)
	c.isolate()
	for i := range 5 {
		key := fmt.Sprintf("k%d", i)
		ok(t, c.at("us").Register(key).Set(t.Context(), []byte("v")))
		c.dev("kill", "us")
		c.dev("start", "us")
	}
	c.heal()
	c.converge()
	for i := range 5 {
		for _, r := range three {
			if v := get(t, c.at(r), fmt.Sprintf("k%d", i)); v != "v" {
				t.Errorf("%s: k%d = %q", r, i, v)
			}
		}
	}
}

// TestIntervalLosesNothingByAKill: with fsync: interval, what was acknowledged is with the
// operating system: kill -9 takes nothing, however long the interval is.
func TestIntervalLosesNothingByAKill(t *testing.T) {
	c := start(t, three, "ATOLL_FSYNC=interval", "ATOLL_FSYNC_INTERVAL=1m")
	c.isolate() // nobody else has it
	const rounds, keys = 5, 50
	for i := range rounds {
		for j := range keys {
			ok(t, c.at("eu").Register(fmt.Sprintf("k%d-%d", i, j)).Set(t.Context(), []byte("v")))
		}
		c.dev("kill", "eu")
		c.dev("start", "eu")
		for j := range keys {
			if v := get(t, c.at("eu"), fmt.Sprintf("k%d-%d", i, j)); v != "v" {
				t.Fatalf("k%d-%d = %q after a kill", i, j, v)
			}
		}
	}
}
