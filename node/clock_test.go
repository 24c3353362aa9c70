package node

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/keyspace/command"
	"github.com/atollkv/atoll/replication"
	"github.com/atollkv/atoll/server"
)

func TestAClockCanBeOffset(t *testing.T) {
	path := filepath.Join(t.TempDir(), "offset")
	w := &offsetWall{wall: &ticking{}, path: path}
	offset := func(text string) time.Duration {
		t.Helper()
		if text != "" {
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		wall, elapsed := w.Read()
		return time.Duration(wall)*time.Millisecond - elapsed
	}
	for _, c := range []struct {
		file string
		want time.Duration
	}{
		{"", 0}, {"1h\n", time.Hour}, {"-1h30m", -90 * time.Minute}, {"half wri", -90 * time.Minute}, {"0", 0},
	} {
		if got := offset(c.file); got != c.want {
			t.Errorf("%q: offset %v, want %v", c.file, got, c.want)
		}
	}
}

// ticking moves on by a second with each reading.
type ticking struct{ n int64 }

func (c *ticking) Read() (int64, time.Duration) {
	c.n += 1000
	return c.n, time.Duration(c.n) * time.Millisecond
}

// TestANodeAheadOfAll: what it wrote is parked, keys stay writable, it takes no more writes; its clock is
// repaired, an operator accepts, and nothing is lost.
func TestANodeAheadOfAll(t *testing.T) {
	cfgs := []Config{testConfig(t, "us"), testConfig(t, "eu"), testConfig(t, "ap")}
	offset := filepath.Join(t.TempDir(), "offset")
	if err := os.WriteFile(offset, []byte("1h"), 0o600); err != nil {
		t.Fatal(err)
	}
	for i := range cfgs {
		cfgs[i].Gossip.Listen = ""
		for j := range cfgs {
			if i != j {
				cfgs[i].Peers = append(cfgs[i].Peers, cfgs[j].Listen)
			}
		}
	}
	cfgs[1].Dev.ClockOffsetFile, cfgs[1].Dev.Cut, cfgs[1].Bootstrap = offset, []string{"us", "ap"}, true
	us, eu, ap := launch(t, cfgs[0]), launch(t, cfgs[1]), launch(t, cfgs[2])
	eu.do(t, set("k", "from the future"))
	eu.do(t, set("only", "here"))
	serving(t, us, ap)
	eu.cuts.Set(nil, nil)
	all := []*running{us, eu, ap}
	eventually(t, "both peers hold back eu's writes", func() bool {
		return us.shard.Stats().Waiting.Parked > 0 && ap.shard.Stats().Waiting.Parked > 0
	})
	eventually(t, "eu takes no writes", func() bool {
		_, err := eu.dispatcher.Do(t.Context(), "", set("k", "no"))
		return server.Explain(err) != nil && server.Explain(err).Code == server.CodeClock
	})
	eventually(t, "alarms name the clock and whose updates wait", func() bool {
		return strings.Contains(us.alarms.get()[alarmParked], "eu/n1 (origin ") && eu.alarms.get()[alarmClock] != "" && us.alarms.get()[alarmClock] == ""
	})
	us.do(t, set("k", "today"))
	if now := us.hlc.Last().WallMillis(); now > time.Now().Add(time.Minute).UnixMilli() {
		t.Fatalf("us's clock was pulled to %d", now)
	}
	if err := os.WriteFile(offset, []byte("0"), 0o600); err != nil {
		t.Fatal(err)
	}
	eventually(t, "eu takes writes again, with a repaired clock", func() bool {
		_, step := eu.hlc.Physical()
		_, err := eu.dispatcher.Do(t.Context(), "", set("repaired", "yes"))
		return err == nil && step.Abs() < time.Second && eu.hlc.Ahead(clock.MakeTimestamp(time.Now().UnixMilli(), 0)) < time.Second
	})
	for _, n := range []*running{us, ap} {
		eventually(t, "everything is accepted and there", func() bool {
			for _, p := range n.shard.Stats().Waiting.ParkedBy {
				if p.Region != "eu" || p.Node != "n1" || p.Ahead < 50*time.Minute {
					t.Fatalf("%+v", p)
				}
				if _, err := n.shard.AcceptParked(t.Context(), p.Origin); err != nil {
					t.Fatal(err)
				}
			}
			return n.get(t, "only") == "here" && n.get(t, "repaired") == "yes"
		})
	}
	ap.do(t, command.Incr{Key: []byte("n"), Delta: 1})
	eventually(t, "all hold the same", converged(t, all))
	eventually(t, "the alarms end with their causes", func() bool {
		return us.alarms.get()[alarmParked] == "" && eu.alarms.get()[alarmClock] == ""
	})
	if a, b := us.get(t, "k"), eu.get(t, "k"); a != b {
		t.Errorf("k shows %q and %q", a, b)
	}
}

// guardOf is a guard on a clock that the test sets, with peers as told.
func guardOf(w clock.Wall, peers *[]replication.PeerStatus) (g *clockGuard, repaired *int) {
	repaired = new(int)
	return &clockGuard{
		peers: func() []replication.PeerStatus { return *peers }, maxOffset: 500 * time.Millisecond,
		changed: func(clock.Verdict, time.Duration) {}, hlc: clock.NewHLC(w, 0), repaired: func(time.Duration) { *repaired++ },
	}, repaired
}

// setWall is a clock whose wall the test moves away from the time that passes.
type setWall struct{ wall, passed int64 }

func (c *setWall) Read() (int64, time.Duration) {
	return 1_700_000_000_000 + c.wall + c.passed, time.Duration(c.passed) * time.Millisecond
}

func TestASlowLinkStopsNoWrites(t *testing.T) {
	peers := []replication.PeerStatus{
		{Live: true, Skew: -900 * time.Millisecond, SkewError: time.Second},
		{Live: true, Skew: -1100 * time.Millisecond, SkewError: time.Second},
	}
	g, _ := guardOf(&setWall{}, &peers)
	if g.judge(); g.refusal() != nil {
		t.Errorf("refused: %v", g.refusal())
	}
	peers[0].SkewError, peers[1].SkewError = 10*time.Millisecond, 10*time.Millisecond
	if g.judge(); g.refusal() == nil {
		t.Error("a clock that is certainly off the median takes writes")
	}
}

// What was measured before the clock stepped is no proof that it is right now.
func TestAStepIsFollowedOnlyWhenPeersAgreeForLong(t *testing.T) {
	w := &setWall{}
	peers := []replication.PeerStatus{{Live: true}, {Live: true}}
	g, repaired := guardOf(w, &peers)
	second := func() { w.passed += 1000; g.judge() }
	second()
	if g.refusal() != nil {
		t.Fatal(g.refusal())
	}
	w.wall += 120_000
	second() // the measurements are from before the step
	if g.refusal() == nil || *repaired > 0 {
		t.Fatal("writes go on with a clock that just stepped")
	}
	peers[0].Skew, peers[1].Skew = -2*time.Minute, -2*time.Minute
	for range 5 {
		second()
	}
	if g.refusal() == nil || *repaired > 0 {
		t.Fatal("a clock that is wrong is followed")
	}
	peers[0].Skew, peers[1].Skew = 0, 0
	w.wall -= 120_000
	second()
	w.wall += 3000 // still wrong, though by less
	peers[0].SkewError = time.Minute
	for range 5 {
		second()
	}
	if *repaired > 0 {
		t.Fatal("followed though only one peer is certain")
	}
	peers[0].SkewError = 0
	for range settleTicks + 1 {
		second()
	}
	if _, step := g.hlc.Physical(); *repaired != 1 || g.refusal() != nil || step.Abs() > time.Second/2 {
		t.Fatalf("repaired %d times, %v, step %v", *repaired, g.refusal(), step)
	}
}
