package faults

import (
	"fmt"
	"strings"
	"time"

	"github.com/atollkv/atoll/test/wan"
)

// mark is how far us has come in its own updates, and ap in those.
type mark struct{ us, ap uint64 }

func (c *cluster) mark() mark {
	c.t.Helper()
	st, err := c.nodes[us].status()
	if err != nil {
		c.t.Fatal(err)
	}
	return mark{c.seq(us, st.GetOrigin()), c.seq(ap, st.GetOrigin())}
}

// seq is how far a node has come in the updates of an origin.
func (c *cluster) seq(n int, origin uint64) uint64 {
	c.t.Helper()
	st, err := c.nodes[n].status()
	if err != nil {
		c.t.Fatal(err)
	}
	for _, e := range st.GetShards()[0].GetVector() {
		if e.GetOrigin() == origin {
			return e.GetSeq()
		}
	}
	return 0
}

// arrived is the share of what us wrote since a mark that reached ap.
func (c *cluster) arrived(since mark) float64 {
	c.t.Helper()
	now := c.mark()
	if now.us < since.us+50 {
		c.t.Fatalf("uninformative: us wrote %d updates", now.us-since.us)
	}
	return float64(now.ap-since.ap) / float64(now.us-since.us)
}

// loss30: replication goes on at a fifth of what is written at least, and nobody is
// taken for dead.
func loss30(c *cluster, _ *load) string {
	since, dead := c.mark(), c.count("gossip=dead")
	c.everyLink(wan.Link{Loss: 0.3, Delay: 10 * time.Millisecond})
	time.Sleep(lasts(5 * time.Second))
	share := c.arrived(since)
	if share < 0.2 {
		c.t.Errorf("%.0f %% of what us wrote reached ap", share*100)
	}
	if n := c.count("gossip=dead") - dead; n > 0 {
		c.t.Errorf("members were taken for dead %d times", n)
	}
	return fmt.Sprintf("; %.0f %% of what us wrote was at ap by then", share*100)
}

// settleWindows is how often it is looked again whether a long link is filled: the jump of the delay is beyond
// TCP's timeout, which then takes what is late for lost, and opens its window anew.
const settleWindows = 9

// crossShare is the part of what crosses a short link that must cross a long one.
const crossShare = 0.8

// delay300: clients feel nothing, and a link is filled however long it is: as much crosses as without
// the delay: 4,000 updates a second, four times what a window of 64 KiB lets through.
func delay300(c *cluster, l *load) string {
	s := c.storm(c.nodes[us], "far", 2, 16, 8*time.Millisecond)
	time.Sleep(500 * time.Millisecond)
	near := c.crossing(l, 2*time.Second)
	c.everyLink(wan.Link{Delay: 300 * time.Millisecond, Jitter: 50 * time.Millisecond})
	time.Sleep(time.Second) // until the first has arrived, and the window has grown
	far := c.crossing(l, lasts(3*time.Second))
	for i := 0; i < settleWindows && far.rate < near.rate*crossShare; i++ {
		far = c.crossing(l, lasts(3*time.Second))
	}
	s.end()
	if far.median > near.median*3/2+2*time.Millisecond {
		c.beyond("a local write takes %v, %v without the delay", far.median, near.median)
	}
	if far.rate < near.rate*crossShare {
		c.beyond("%.0f updates a second cross, %.0f without the delay", far.rate, near.rate)
	}
	c.counts("far", s)
	crosses := c.reaches(us, ap, "crosses", 10*time.Second)
	if crosses < 300*time.Millisecond {
		c.t.Errorf("a write is seen across after %v", crosses)
	}
	if crosses > time.Second {
		c.beyond("a write is seen across after %v", crosses)
	}
	return fmt.Sprintf("; local writes, without and with the delay: median %v, %v, p99 %v, %v; %.0f, %.0f updates a second cross; a write is seen across after %v",
		near.median.Round(100*time.Microsecond), far.median.Round(100*time.Microsecond), near.p99.Round(100*time.Microsecond), far.p99.Round(100*time.Microsecond), near.rate, far.rate, crosses)
}

// crossed is what clients of us felt for a while, and how many of its updates a second reached ap.
type crossed struct {
	median, p99 time.Duration
	rate        float64
}

func (c *cluster) crossing(l *load, over time.Duration) crossed {
	c.t.Helper()
	from, since, begin := l.written(us), c.mark(), time.Now()
	time.Sleep(over)
	return crossed{l.quantile(us, from, 50), l.quantile(us, from, 99), float64(c.mark().ap-since.ap) / time.Since(begin).Seconds()}
}

// flapping: few handshakes, few lines of log.
func flapping(c *cluster, _ *load) string {
	begin := time.Now()
	handshakes, lines := c.count("peer connected"), c.count("\n")
	flaps := 0
	for end := begin.Add(lasts(5 * time.Second)); time.Now().Before(end); flaps++ {
		c.cut(us, eu)
		time.Sleep(500 * time.Millisecond)
		c.world.heal(c)
		time.Sleep(500 * time.Millisecond)
	}
	took := time.Since(begin).Seconds()
	handshakes, lines = c.count("peer connected")-handshakes, c.count("\n")-lines
	if float64(handshakes) > 2*took+2 { // of one pair
		c.t.Errorf("%d handshakes in %.0f s", handshakes, took)
	}
	if _, routed := c.world.(*routed); routed && float64(lines) > 10+3*10*took/60 {
		c.t.Errorf("%d lines of log at three nodes in %.0f s", lines, took)
	}
	return fmt.Sprintf("; %d flaps, %d handshakes, %d lines of log at three nodes", flaps, handshakes, lines)
}

// smallMemory lets more than the ring of recent frames wait for a peer within seconds.
var smallMemory = []string{"--memory-limit-bytes", "128MiB"}

// ringBytes is more than the ring holds under smallMemory.
const ringBytes = 6 << 20

// rate1Mbit: what does not fit the link waits on disk, not in memory.
func rate1Mbit(c *cluster, _ *load) string {
	c.everyLink(wan.Link{Delay: 10 * time.Millisecond, Rate: 125_000})
	time.Sleep(lasts(6 * time.Second))
	await(c.t, patience, "more waits than the ring holds", func() bool {
		return int(c.nodes[ap].peer("us").GetBehindUpdates())*4<<10 > ringBytes // every fourth write has a value of 16 KiB
	})
	behind := c.nodes[ap].peer("us").GetBehindUpdates()
	var memory []string
	for _, n := range c.nodes {
		m := n.memory()
		memory = append(memory, fmt.Sprintf("%d", m>>20))
		if m > 128<<20 {
			c.t.Errorf("%s has %d MiB, limit 128", n.region, m>>20)
		}
	}
	return fmt.Sprintf("; ap was %d updates of us behind; memory of the three %s MiB, limit 128", behind, strings.Join(memory, ", "))
}

// count is how often all nodes' logs have a text.
func (c *cluster) count(text string) (n int) {
	for _, node := range c.nodes {
		n += strings.Count(node.logged(), text)
	}
	return n
}
