package faults

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/atollkv/atoll/test/wan"
)

var (
	long = flag.Duration("long", 0, "how long each fault of the scenarios lasts; 0 is as short as shows anything")
	seed = flag.Uint64("seed", 0, "of what is drawn at random; 0 draws one")

	figures = flag.Bool("figures", false, "a figure beyond its bound fails, which means little on a machine that does other things too")
)

// patience is how long tests wait for what must come, and has no promise: longer than a busy machine takes.
const patience = time.Minute

// bound is how long regions may take after healing to hold the same.
const bound = 30 * time.Second

// beyond tells that a figure is beyond its bound.
func (c *cluster) beyond(format string, args ...any) {
	c.t.Helper()
	if *figures {
		c.t.Errorf(format, args...)
		return
	}
	c.t.Logf("figure: BEYOND ITS BOUND: "+format, args...)
}

// lasts is how long a fault lasts: short at least, or as the flag says.
func lasts(short time.Duration) time.Duration { return max(short, *long) }

func dice(t *testing.T) *rand.Rand {
	s := *seed
	if s == 0 {
		s = rand.Uint64()
	}
	t.Logf("seed %d", s)
	return rand.New(rand.NewPCG(s, 1))
}

// scenario is one fault and what must hold while it lasts.
type scenario struct {
	name string
	rows string // of docs/faults.md
	size int    // of values
	net  bool   // needs a network of its own
	disk bool   // ap has a disk of 64 MiB
	// settings are added to those of every node.
	settings []string
	fault    func(c *cluster, l *load) (figure string)
	// untroubled nodes have clients that see no error.
	untroubled []int
}

var everyone = []int{us, eu, ap}

func TestFaults(t *testing.T) {
	for _, s := range scenarios {
		t.Run(s.name, func(t *testing.T) {
			c := startOn(t, s.disk, s.settings...)
			if s.net {
				c.needsNetwork()
			}
			c.play(s)
		})
	}
}

// play runs a scenario to its end.
func (c *cluster) play(s scenario) {
	t := c.t
	t.Helper()
	l := c.begin(max(s.size, 16))
	time.Sleep(300 * time.Millisecond) // some writes before the fault
	figure := s.fault(c, l)
	c.heal()
	time.Sleep(300 * time.Millisecond) // and some after it
	l.end()
	took := c.converge(bound)
	l.audit(t)
	l.untroubled(t, s.untroubled...)
	acked, open, no := l.total()
	t.Logf("figure: %s: %d writes acknowledged, %d open, %d refused, 0 lost; equal %v after healing%s",
		s.name, acked, open, no, took.Round(10*time.Millisecond), figure)
}

var scenarios = []scenario{
	{name: "RegionCutOff", rows: "F27", untroubled: everyone, fault: func(c *cluster, _ *load) string {
		c.isolate(eu)
		time.Sleep(lasts(3 * time.Second))
		return ""
	}},
	{name: "AllApart", rows: "F28", untroubled: everyone, fault: func(c *cluster, _ *load) string {
		for i := range regions {
			c.isolate(i)
		}
		time.Sleep(lasts(3 * time.Second))
		return ""
	}},
	{name: "PartialCutRelay", rows: "F29", untroubled: everyone, fault: func(c *cluster, _ *load) string {
		c.cut(us, ap)
		first := c.reaches(us, ap, "relay-1", 20*time.Second) // until the silence is noticed
		second := c.reaches(us, ap, "relay-2", 3*time.Second)
		back := c.reaches(ap, us, "relay-3", 3*time.Second)
		time.Sleep(lasts(0))
		return fmt.Sprintf("; us to ap through eu: first %v, then %v, back %v", first, second, back)
	}},
	{name: "OneWayCut", rows: "F30", net: true, untroubled: everyone, fault: func(c *cluster, _ *load) string {
		c.oneWay(us, eu)
		took := await(c.t, patience, "us and eu see that their link is dead, both of them", func() bool {
			return c.nodes[us].peer("eu").GetState() != "connected" && c.nodes[eu].peer("us").GetState() != "connected"
		})
		around := c.reaches(us, eu, "one-way", 20*time.Second)
		time.Sleep(lasts(0))
		return fmt.Sprintf("; found dead after %v, then around in %v", took.Round(100*time.Millisecond), around)
	}},
	{name: "Loss30", rows: "F31", net: true, untroubled: everyone, fault: loss30},
	{name: "Delay300Jitter50", rows: "F32", net: true, untroubled: everyone, fault: delay300},
	{name: "FlappingLink", rows: "F33", untroubled: everyone, fault: flapping},
	{name: "DuplicateReorder", rows: "F34", net: true, untroubled: everyone, fault: func(c *cluster, _ *load) string {
		c.everyLink(wan.Link{Delay: 20 * time.Millisecond, Duplicate: 0.5, Reorder: 0.2})
		time.Sleep(lasts(4 * time.Second))
		return ""
	}},
	{name: "Rate1Mbit", rows: "F35", net: true, size: 16 << 10, untroubled: everyone, settings: smallMemory, fault: rate1Mbit},
	{name: "DiskFull", rows: "F09", size: 8 << 10, disk: true, untroubled: []int{us, eu}, fault: diskFull},
	{name: "HalfOpen", rows: "F36", net: true, untroubled: everyone, fault: func(c *cluster, _ *load) string {
		c.isolate(eu)
		found := await(c.t, patience, "us sees that eu is gone", func() bool { return c.nodes[us].peer("eu").GetState() != "connected" })
		time.Sleep(lasts(0))
		c.world.heal(c)
		again := await(c.t, patience, "us and eu are connected again", func() bool {
			return c.nodes[us].peer("eu").GetState() == "connected" && c.nodes[eu].peer("us").GetState() == "connected"
		})
		return fmt.Sprintf("; found after %v, connected %v after healing", found.Round(100*time.Millisecond), again.Round(100*time.Millisecond))
	}},
	{name: "LargePacketsLost", rows: "F38", net: true, size: 2 << 10, untroubled: everyone, fault: func(c *cluster, _ *load) string {
		for _, other := range []int{us, eu} {
			c.world.set(c, other, ap, wan.Link{MaxSize: 1200})
		}
		took := await(c.t, patience, "ap finds that nothing large arrives", func() bool {
			return c.nodes[ap].peer("us").GetState() != "connected" || c.nodes[ap].peer("us").GetBehindUpdates() > 100
		})
		time.Sleep(lasts(0))
		return fmt.Sprintf("; seen after %v", took.Round(100*time.Millisecond))
	}},
	{name: "AwayBeyondTheLog", rows: "F41 F42", size: 8 << 10, untroubled: everyone, settings: smallLog, fault: func(c *cluster, l *load) string {
		c.isolate(ap)
		// Each may have forgotten before the cut what ap lacked for a moment: both write several times what the log holds.
		enough := [...]int{us: l.written(us) + 1000, eu: l.written(eu) + 1000}
		for n, want := range enough {
			await(c.t, patience, regions[n]+" writes on", func() bool { return l.written(n) >= want })
			c.truncated(n)
		}
		time.Sleep(lasts(0))
		ended := func() int { return strings.Count(c.nodes[ap].logged(), "state transfer ended") }
		before := ended()
		c.world.heal(c)
		took := await(c.t, bound, "ap takes over state", func() bool { return ended() > before })
		return fmt.Sprintf("; ap took over state within %v", took.Round(100*time.Millisecond))
	}},
	{name: "Stopped", rows: "F13", untroubled: []int{us, ap}, fault: func(c *cluster, _ *load) string {
		c.nodes[eu].signal(syscall.SIGSTOP)
		time.Sleep(lasts(5 * time.Second))
		c.nodes[eu].signal(syscall.SIGCONT)
		return ""
	}},
	{name: "KilledAgainAndAgain", rows: "F01", fault: func(c *cluster, _ *load) string {
		rng := dice(c.t)
		end := time.Now().Add(lasts(6 * time.Second))
		kills := 0
		for ; time.Now().Before(end); kills++ {
			n := c.nodes[rng.IntN(3)]
			n.kill()
			time.Sleep(time.Duration(rng.IntN(50)) * time.Millisecond)
			n.start()
			time.Sleep(time.Duration(rng.IntN(400)) * time.Millisecond)
		}
		return fmt.Sprintf("; %d kills", kills)
	}},
	{name: "ClockJumpsAhead", rows: "F19", untroubled: []int{us, ap}, fault: func(c *cluster, l *load) string {
		c.nodes[eu].setClock(time.Hour)
		took := c.writesStop(eu)
		time.Sleep(lasts(time.Second))
		c.nodes[eu].setClock(0)
		again := await(c.t, patience, "eu takes writes again", func() bool { return c.nodes[eu].writes() == nil })
		c.clocksWithin(2 * time.Second)
		return fmt.Sprintf("; no writes at eu after %v, writes again %v after the repair", took.Round(100*time.Millisecond), again.Round(100*time.Millisecond))
	}},
	{name: "ClockStrobe", rows: "F21", untroubled: []int{us, ap}, fault: func(c *cluster, _ *load) string {
		rng := dice(c.t)
		for end := time.Now().Add(lasts(4 * time.Second)); time.Now().Before(end); {
			c.nodes[eu].setClock(time.Duration(rng.Int64N(int64(200 * time.Second))))
			time.Sleep(time.Duration(1+rng.IntN(100)) * time.Millisecond)
		}
		c.nodes[eu].setClock(0)
		lines := strings.Count(c.nodes[eu].logged(), "clock judged")
		return fmt.Sprintf("; %d lines of the alarm", lines)
	}},
	{name: "ClockBackAtRestart", rows: "F20 F23", untroubled: []int{us, ap}, fault: func(c *cluster, _ *load) string {
		st, err := c.nodes[eu].status()
		if err == nil {
			err = c.nodes[eu].writes() // what is acknowledged bounds the clock from below after the kill
		}
		if err != nil {
			c.t.Fatal(err)
		}
		c.nodes[eu].kill()
		c.nodes[eu].setClock(-time.Hour)
		c.nodes[eu].start()
		await(c.t, patience, "eu is back", func() bool { _, err := c.nodes[eu].status(); return err == nil })
		after, err := c.nodes[eu].status()
		if err != nil || after.GetStamp() < st.GetStamp() {
			c.t.Errorf("the clock of eu went from %d back to %d (%v)", st.GetStamp(), after.GetStamp(), err)
		}
		took := c.writesStop(eu)
		time.Sleep(lasts(time.Second))
		return fmt.Sprintf("; no writes at eu after %v", took.Round(100*time.Millisecond))
	}},
	{name: "FromTheYear2099", rows: "F24", untroubled: []int{us, ap}, fault: from2099},
	{name: "Overload", rows: "F56", untroubled: []int{eu, ap}, fault: overload},
	{name: "HotKey", rows: "F59", untroubled: everyone, fault: hotKey},
	{name: "AllBacklogs", rows: "F61", untroubled: everyone, fault: allBacklogs},
	{name: "Swizzle", rows: "F40", fault: func(c *cluster, _ *load) string {
		rng := dice(c.t)
		end := time.Now().Add(lasts(5 * time.Second))
		rounds := 0
		for ; time.Now().Before(end); rounds++ {
			for _, i := range rng.Perm(3) {
				c.oneWay(i, (i+1+rng.IntN(2))%3)
				time.Sleep(time.Duration(rng.IntN(300)) * time.Millisecond)
			}
			n := c.nodes[rng.IntN(3)]
			n.kill()
			c.world.heal(c)
			n.start()
			time.Sleep(time.Duration(rng.IntN(500)) * time.Millisecond)
		}
		return fmt.Sprintf("; %d rounds", rounds)
	}},
	{name: "Pairs", rows: "F01 F13 F20 F27 together", fault: func(c *cluster, _ *load) string {
		rng := dice(c.t)
		for range max(2, int(*long/(5*time.Second))) {
			kinds := rng.Perm(len(singles))[:2]
			for _, k := range kinds {
				singles[k].do(c, c.nodes[rng.IntN(3)], rng)
			}
			c.t.Logf("%s with %s", singles[kinds[0]].name, singles[kinds[1]].name)
			time.Sleep(time.Duration(1000+rng.IntN(1500)) * time.Millisecond)
			c.heal()
			time.Sleep(500 * time.Millisecond)
		}
		return ""
	}},
}

// smallLog makes a member that is away for seconds miss what the op log holds.
var smallLog = []string{"--log-max-bytes", "1MiB", "--log-retain-bytes", "256KiB"}

// truncated waits until a node has forgotten updates that a member lacks.
func (c *cluster) truncated(n int) {
	c.t.Helper()
	await(c.t, patience, regions[n]+" forgets what a member lacks", func() bool {
		return strings.Contains(c.nodes[n].logged(), "op log goes on without what a member lacks")
	})
}

// from2099 starts a node that believes in another century, alone; it writes, and then
// meets the others.
func from2099(c *cluster, _ *load) string {
	n, far := c.nodes[eu], time.Until(time.Date(2099, 6, 1, 0, 0, 0, 0, time.UTC))
	n.kill()
	c.isolate(eu)
	n.setClock(far)
	n.start("--dev-cut", "us,ap")
	await(c.t, patience, "eu writes", func() bool { return n.client.Register("century").Set(c.t.Context(), []byte("next")) == nil })
	n.kill() // a repaired clock cannot take back what is in its log
	c.world.heal(c)
	n.setClock(0)
	n.start()
	parked := func() bool {
		for _, i := range []int{us, ap} {
			st, err := c.nodes[i].status()
			if err != nil || st.GetShards()[0].GetParkedFrames() == 0 {
				return false
			}
		}
		return true
	}
	await(c.t, patience, "the others hold back what eu wrote", parked)
	if err := c.nodes[us].client.Register("century").Set(c.t.Context(), []byte("this")); err != nil {
		c.t.Errorf("a key that eu wrote in 2099 is not writable: %v", err)
	}
	c.clocksWithinOf(2*time.Second, us, ap)
	time.Sleep(lasts(time.Second))
	if out, err := c.nodes[us].atoll("clock", "accept", "eu/n1"); err == nil || !strings.Contains(out, "--yes") {
		c.t.Errorf("accepted without being sure: %v\n%s", err, out)
	}
	out, err := c.nodes[us].atoll("clock", "accept", "eu/n1", "--yes")
	if err != nil || strings.Count(out, "2099-06-01") != 3 {
		c.t.Errorf("accept: %v\n%s", err, out)
	}
	return "; parked at both peers, accepted by command at all three"
}

// reaches tells how long a write at one node takes to be seen at another.
func (c *cluster) reaches(from, to int, key string, within time.Duration) time.Duration {
	c.t.Helper()
	if err := c.nodes[from].client.Register(key).Set(c.t.Context(), []byte("x")); err != nil {
		c.t.Fatal(err)
	}
	took := await(c.t, patience, regions[to]+" sees what was written at "+regions[from], func() bool {
		v, err := c.nodes[to].client.Register(key).Get(c.t.Context())
		return err == nil && string(v) == "x"
	})
	if took > within {
		c.beyond("%s sees what was written at %s after %v, not within %v", regions[to], regions[from], took, within)
	}
	return took.Round(10 * time.Millisecond)
}

// writes tries to write at a node.
func (n *node) writes() error {
	ctx, cancel := context.WithTimeout(n.c.t.Context(), 2*time.Second)
	defer cancel()
	return n.client.Register("probe").Set(ctx, []byte("x"))
}

// writesStop waits until a node refuses writes because of its clock, and still reads.
func (c *cluster) writesStop(n int) time.Duration {
	c.t.Helper()
	took := await(c.t, patience, regions[n]+" refuses writes", func() bool {
		err := c.nodes[n].writes()
		return err != nil && strings.Contains(err.Error(), "CLOCK")
	})
	if _, err := c.nodes[n].client.Counter("n").Get(c.t.Context()); err != nil {
		c.t.Errorf("%s does not read: %v", regions[n], err)
	}
	return took
}

// clocksWithin demands that no node's timestamps are far from the time.
func (c *cluster) clocksWithin(d time.Duration) { c.t.Helper(); c.clocksWithinOf(d, everyone...) }

func (c *cluster) clocksWithinOf(d time.Duration, nodes ...int) {
	c.t.Helper()
	for _, n := range nodes {
		st, err := c.nodes[n].status()
		if err != nil {
			c.t.Fatal(err)
		}
		if off := time.Until(time.UnixMilli(int64(st.GetStamp() >> 16))); off > d {
			c.t.Errorf("the timestamps of %s are %v ahead", regions[n], off)
		}
	}
}

// memory is the resident size of the node's process in bytes.
func (n *node) memory() int64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", n.cmd.Process.Pid))
	var size, resident int64
	if err == nil {
		_, err = fmt.Sscan(string(text), &size, &resident)
	}
	if err != nil {
		n.c.t.Error(err)
	}
	return resident * int64(os.Getpagesize())
}

func (n *node) logged() string {
	text, err := os.ReadFile(n.log)
	if err != nil {
		n.c.t.Error(err)
	}
	return string(text)
}

// single is a fault that can be put on any node at any time; heal lifts it.
type single struct {
	name string
	do   func(c *cluster, n *node, rng *rand.Rand)
}

var singles = []single{
	{"kill", func(_ *cluster, n *node, _ *rand.Rand) { n.kill() }},
	{"stop", func(_ *cluster, n *node, _ *rand.Rand) {
		if n.cmd != nil {
			n.signal(syscall.SIGSTOP)
		}
	}},
	{"clock ahead", func(_ *cluster, n *node, rng *rand.Rand) {
		n.setClock(time.Duration(rng.Int64N(int64(10 * time.Minute))))
	}},
	{"clock back", func(_ *cluster, n *node, rng *rand.Rand) {
		n.setClock(-time.Duration(rng.Int64N(int64(10 * time.Minute))))
	}},
	{"cut off", func(c *cluster, n *node, _ *rand.Rand) { c.isolate(n.n) }},
	{"one way", func(c *cluster, n *node, rng *rand.Rand) { c.oneWay(n.n, (n.n+1+rng.IntN(2))%3) }},
	{"bad links", func(c *cluster, _ *node, rng *rand.Rand) {
		if _, ok := c.world.(*routed); ok {
			c.everyLink(wan.Link{
				Delay: time.Duration(rng.Int64N(int64(100 * time.Millisecond))), Jitter: 20 * time.Millisecond,
				Loss: rng.Float64() * 0.3, Duplicate: rng.Float64() * 0.3, Reorder: rng.Float64() * 0.2,
			})
		}
	}},
}
