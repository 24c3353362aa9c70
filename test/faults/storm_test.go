package faults

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/atollkv/atoll/client"
)

// storm is much load on one key of one node, from clients of its own.
type storm struct {
	c     *cluster
	stop  chan struct{}
	wait  sync.WaitGroup
	dials []*client.Client
	// acked increments, those refused as too much, and those whose outcome is unknown.
	acked, refused, unknown atomic.Int64
}

// stormTimeout is how long a writer of a storm waits for an answer. The writers run on the cores that
// the nodes have, too: some come late to read theirs.
const stormTimeout = 10 * time.Second

// storm begins load from a number of clients, each with so many writers. Each writer writes once
// in every; 0 is as often as it can. Who is refused comes back after a while, as is polite.
func (c *cluster) storm(n *node, key string, clients, writers int, every time.Duration) *storm {
	c.t.Helper()
	s := &storm{c: c, stop: make(chan struct{})}
	for range clients {
		cl, err := client.Dial(c.t.Context(), c.world.reach(n.n))
		if err != nil {
			c.t.Fatal(err)
		}
		s.dials = append(s.dials, cl)
		for range writers {
			s.wait.Go(func() { s.write(cl, key, every) })
		}
	}
	return s
}

func (s *storm) write(cl *client.Client, key string, every time.Duration) {
	next := time.Now()
	for {
		select {
		case <-s.stop:
			return
		case <-time.After(time.Until(next)):
		}
		ctx, cancel := context.WithTimeout(context.Background(), stormTimeout)
		_, err := cl.Counter(key).Incr(ctx, 1)
		cancel()
		pause := every
		var e *client.Error
		switch {
		case err == nil:
			s.acked.Add(1)
		case errors.As(err, &e) && e.Code == "OVERLOAD":
			s.refused.Add(1)
			pause = max(every, 50*time.Millisecond)
		default:
			s.unknown.Add(1)
		}
		if next = next.Add(pause); time.Until(next) < -time.Second {
			next = time.Now() // what was missed is not made up for
		}
	}
}

// rate is how many writes a second are acknowledged over a while.
func (s *storm) rate(over time.Duration) float64 {
	before, begin := s.acked.Load(), time.Now()
	time.Sleep(over)
	return float64(s.acked.Load()-before) / time.Since(begin).Seconds()
}

// end stops it.
func (s *storm) end() {
	close(s.stop)
	s.wait.Wait()
	for _, cl := range s.dials {
		_ = cl.Close()
	}
}

// counts waits until everybody counts what was acknowledged, and no more than what may be.
func (c *cluster) counts(key string, storms ...*storm) {
	c.t.Helper()
	var acked, unknown int64
	for _, s := range storms {
		acked, unknown = acked+s.acked.Load(), unknown+s.unknown.Load()
	}
	for _, n := range c.nodes {
		got := int64(-1)
		await(c.t, bound, fmt.Sprintf("%s counts %s to %d", n.region, key, acked), func() bool {
			var err error
			got, err = n.client.Counter(key).Get(c.t.Context())
			return err == nil && got >= acked
		})
		if got > acked+unknown {
			c.t.Errorf("%s counts %s to %d: %d were acknowledged, %d are open", n.region, key, got, acked, unknown)
		}
	}
}

const (
	halfWriters = 64
	// loadShare is what must be served again of what was before.
	loadShare = 0.95
)

// overload: many more clients come than us can serve. It refuses some in time, serves the
// others, and merges what comes from eu; when they go, all is as before.
func overload(c *cluster, _ *load) string {
	t, n := c.t, c.nodes[us]
	probe := c.storm(n, "storm", 4, halfWriters/4, 0)
	capacity := probe.rate(time.Second)
	probe.end()
	every := time.Duration(2 * halfWriters / capacity * float64(time.Second)) // half of it
	half := c.storm(n, "storm", 4, halfWriters/4, every)
	before := half.rate(2 * time.Second)

	flood := c.storm(n, "storm", 80, 256, 0)
	begin, taken := time.Now(), half.acked.Load()+flood.acked.Load()
	slowest := time.Duration(0)
	for i := 0; i < 1 || time.Since(begin) < lasts(3*time.Second); i++ {
		slowest = max(slowest, c.reaches(eu, us, fmt.Sprint("while-", i), 10*time.Second))
	}
	meanwhile := float64(half.acked.Load()+flood.acked.Load()-taken) / time.Since(begin).Seconds()
	flood.end()
	ended := time.Now()
	after := 0.0
	await(t, bound, fmt.Sprintf("us serves %.0f %% of %.0f writes a second again", loadShare*100, before), func() bool {
		after = half.rate(time.Second)
		return after >= loadShare*before
	})
	recovered := time.Since(ended)
	half.end()
	c.counts("storm", probe, half, flood)
	refused, unknown := flood.refused.Load()+half.refused.Load(), flood.unknown.Load()+half.unknown.Load()
	if refused == 0 {
		t.Error("uninformative: nothing was refused")
	}
	if unknown > 0 {
		t.Errorf("%d writes were left without an answer", unknown)
	}
	return fmt.Sprintf("; served %.0f/s alone, half of it %.0f/s, under 20,480 writers %.0f/s, %d refused, %d without an answer; eu to us at most %v meanwhile; %.0f/s again after %v",
		capacity, before, meanwhile, refused, unknown, slowest, after, recovered.Round(100*time.Millisecond))
}

// hotKey: every region counts on one key as fast as it can, and sets one.
func hotKey(c *cluster, l *load) string {
	time.Sleep(time.Second)
	var storms []*storm
	quiet, from := l.quantile(us, 0, 99), l.written(us)
	for _, n := range c.nodes {
		storms = append(storms, c.storm(n, "hot", 2, 16, 0))
	}
	for i, end := 0, time.Now().Add(lasts(4*time.Second)); time.Now().Before(end); i++ {
		for _, n := range c.nodes {
			if err := n.client.Register("hot-register").Set(c.t.Context(), fmt.Append(nil, i)); err != nil {
				c.t.Error(err)
			}
		}
	}
	var total int64
	for _, s := range storms {
		s.end()
		total += s.acked.Load()
	}
	busy := l.quantile(us, from, 99)
	c.counts("hot", storms...)
	for _, n := range c.nodes {
		values, err := n.client.Register("hot-register").Siblings(c.t.Context())
		if err != nil || len(values) > len(regions) {
			c.t.Errorf("%s keeps %d values of a register (%v)", n.region, len(values), err)
		}
	}
	if busy > time.Second {
		c.beyond("other keys take %v", busy)
	}
	return fmt.Sprintf("; %d increments of one key, exact; p99 of other keys' writes %v before, %v meanwhile", total, quiet.Round(100*time.Microsecond), busy.Round(100*time.Microsecond))
}

// allBacklogs: every region has much that no other has, and gets it all at once.
func allBacklogs(c *cluster, l *load) string {
	time.Sleep(time.Second)
	quiet := l.quantile(us, 0, 99)
	for i := range regions {
		c.isolate(i)
	}
	var storms []*storm
	for _, n := range c.nodes {
		storms = append(storms, c.storm(n, "apart", 2, 32, 0))
	}
	time.Sleep(lasts(4 * time.Second))
	var total int64
	for _, s := range storms {
		s.end()
		total += s.acked.Load()
	}
	from := l.written(us)
	c.world.heal(c)
	begin := time.Now()
	c.counts("apart", storms...)
	took := time.Since(begin)
	busy := l.quantile(us, from, 99)
	if busy > time.Second {
		c.beyond("clients' writes take %v while regions catch up", busy)
	}
	return fmt.Sprintf("; %d updates apart, with all others %v after healing; p99 of writes at us %v before, %v while catching up",
		total, took.Round(10*time.Millisecond), quiet.Round(100*time.Microsecond), busy.Round(100*time.Microsecond))
}
