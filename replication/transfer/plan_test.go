package transfer

import (
	"errors"
	"testing"
	"time"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/replication"
	"github.com/atollkv/atoll/store"
)

// peer is a live peer that holds so much of origin 1, and whose log starts where its
// sink was told; 0 is nowhere. more are pairs of an origin and what it holds of that.
func peer(node string, has, missing clock.Seq, rtt time.Duration, more ...uint64) replication.PeerLook {
	l := replication.PeerLook{Identity: replication.Identity{Node: node}, Dial: node, RTT: rtt, Missing: map[clock.Origin]clock.Seq{}}
	if has > 0 {
		l.Heads = []replication.PeerHead{{Origin: 1, Seq: has}}
	}
	if missing > 0 {
		l.Missing[1] = missing
	}
	for ; len(more) > 0; more = more[2:] {
		l.Heads = append(l.Heads, replication.PeerHead{Origin: clock.Origin(more[0]), Seq: clock.Seq(more[1])})
	}
	return l
}

// waits is a record of origin 1 whose writer had seen another origin as far.
func waits(seq clock.Seq, o clock.Origin, lacks clock.Seq) []Wait {
	return []Wait{{Dot: clock.Dot{Origin: 1, Seq: seq}, Lacks: clock.VectorOf(clock.Entry{Origin: o, Seq: lacks})}}
}

func local(has clock.Seq) []store.Head {
	if has == 0 {
		return nil
	}
	return []store.Head{{Origin: 1, Seq: has}}
}

// decided names a decision in a word.
func decided(d Decision) string {
	switch {
	case d.Serve:
		return "serve"
	case d.Finish:
		return "finish"
	case d.Fetch != nil:
		return "fetch " + d.Fetch.Node
	}
	return "wait"
}

type moment struct {
	at   time.Duration
	view View
	want string
}

func TestPlan(t *testing.T) {
	const ms, s = time.Millisecond, time.Second
	peers := func(l ...replication.PeerLook) []replication.PeerLook { return l }
	for name, moments := range map[string][]moment{
		"a node that lacks nothing waits": {
			{0, View{Local: local(5), Live: peers(peer("a", 5, 0, 0)), Known: 1}, "wait"},
			{9 * s, View{Local: local(5), Live: peers(peer("a", 5, 0, 0)), Known: 1}, "wait"},
		},
		"the log may still help": {
			{0, View{Local: local(5), Live: peers(peer("a", 9, 0, 0)), Known: 1}, "wait"},
			{9 * s, View{Local: local(5), Live: peers(peer("a", 9, 0, 0)), Known: 1}, "wait"},
		},
		"nobody's log helps": {
			{0, View{Local: local(5), Live: peers(peer("a", 9, 8, 0)), Known: 1}, "fetch a"},
		},
		"a log that begins right behind helps": {
			{0, View{Local: local(7), Live: peers(peer("a", 9, 8, 0)), Known: 1}, "wait"},
			{9 * s, View{Local: local(7), Live: peers(peer("a", 9, 8, 0)), Known: 1}, "wait"},
		},
		"another log may help for a while": {
			{0, View{Local: local(5), Live: peers(peer("a", 9, 8, ms), peer("b", 9, 0, 9*ms)), Known: 2}, "wait"},
			{1999 * ms, View{Local: local(5), Live: peers(peer("a", 9, 8, ms), peer("b", 9, 0, 9*ms)), Known: 2}, "wait"},
			{2 * s, View{Local: local(5), Live: peers(peer("a", 9, 8, ms), peer("b", 9, 0, 9*ms)), Known: 2}, "fetch a"},
		},
		"another log helps": {
			{0, View{Local: local(5), Live: peers(peer("a", 90, 80, ms), peer("b", 90, 0, 9*ms)), Known: 2}, "wait"},
			{1999 * ms, View{Local: local(6), Live: peers(peer("a", 90, 80, ms), peer("b", 90, 0, 9*ms)), Known: 2}, "wait"},
			{3 * s, View{Local: local(7), Live: peers(peer("a", 90, 80, ms), peer("b", 90, 0, 9*ms)), Known: 2}, "wait"},
		},
		"the nearest of those that hold nearly all": {
			{0, View{Loading: true, Live: peers(peer("a", 1000, 0, 9*ms), peer("b", 995, 0, 5*ms), peer("c", 900, 0, ms)), Known: 3}, "fetch b"},
		},
		"a new node without peers serves": {
			{0, View{Loading: true}, "serve"},
		},
		"a new node waits for somebody": {
			{0, View{Loading: true, Known: 2}, "wait"},
			{time.Hour, View{Loading: true, Known: 2}, "wait"},
		},
		"new nodes that have all met serve": {
			{0, View{Loading: true, Live: peers(peer("a", 0, 0, 0), peer("b", 0, 0, 0)), Known: 2}, "serve"},
		},
		"new nodes of which one is not up serve soon": {
			{0, View{Loading: true, Live: peers(peer("a", 0, 0, 0)), Known: 2}, "wait"},
			{MeetFor, View{Loading: true, Live: peers(peer("a", 0, 0, 0)), Known: 2}, "serve"},
		},
		"an empty peer does not hide a full one": {
			{0, View{Loading: true, Live: peers(peer("a", 0, 0, 0)), Known: 2}, "wait"},
			{MeetFor, View{Loading: true, Live: peers(peer("a", 0, 0, 0), peer("b", 3, 0, 0)), Known: 2}, "fetch b"},
		},
		"what a record waits for may come by log": {
			{0, View{Local: local(5), Waits: waits(6, 2, 3), Live: peers(peer("a", 9, 0, 0, 2, 3)), Known: 1}, "wait"},
			{9 * s, View{Local: local(5), Waits: waits(6, 2, 3), Live: peers(peer("a", 9, 0, 0, 2, 3)), Known: 1}, "wait"},
		},
		"what a record waits for is lost": {
			{0, View{Local: local(5), Waits: waits(6, 2, 3), Live: peers(peer("a", 5, 0, 0, 2, 2), peer("b", 9, 0, 9*ms, 2, 2)), Known: 2}, "wait"},
			{1999 * ms, View{Local: local(5), Waits: waits(6, 2, 3), Live: peers(peer("a", 5, 0, 0, 2, 2), peer("b", 9, 0, 9*ms, 2, 2)), Known: 2}, "wait"},
			{2 * s, View{Local: local(5), Waits: waits(6, 2, 3), Live: peers(peer("a", 5, 0, 0, 2, 2), peer("b", 9, 0, 9*ms, 2, 2)), Known: 2}, "fetch b"},
			{3 * s, View{Local: local(6), Waits: waits(6, 2, 3), Live: peers(peer("b", 9, 0, 9*ms, 2, 2)), Known: 2}, "wait"},
		},
		"a record waits and nobody here has applied it": {
			{0, View{Local: local(5), Waits: waits(6, 2, 3), Live: peers(peer("a", 5, 0, 0)), Known: 2}, "wait"},
			{9 * s, View{Local: local(5), Waits: waits(6, 2, 3), Live: peers(peer("a", 5, 0, 0)), Known: 2}, "wait"},
		},
		"what has begun goes on at any donor": {
			{0, View{Position: Position{Active: true, Done: 0.3}, Local: local(9), Live: peers(peer("a", 0, 0, 0), peer("b", 5, 0, 0)), Known: 2}, "fetch b"},
		},
		"what is merged wholly is ended without a donor": {
			{0, View{Position: Position{Active: true, Done: 1}, Known: 2}, "finish"},
		},
	} {
		p := NewPlan()
		for _, m := range moments {
			m.view.Now = m.at
			if got := decided(p.Tick(m.view)); got != m.want {
				t.Errorf("%s: at %v: %s, want %s", name, m.at, got, m.want)
			}
		}
	}
}

// TestPlanLeavesADonorThatFailedAlone: the next one is asked, and the first again later.
func TestPlanLeavesADonorThatFailedAlone(t *testing.T) {
	p := NewPlan()
	view := func(at time.Duration) View {
		return View{Now: at, Loading: true, Known: 2, Live: []replication.PeerLook{peer("a", 9, 0, 1), peer("b", 9, 0, 2)}}
	}
	expect := func(at time.Duration, want string) {
		t.Helper()
		if got := decided(p.Tick(view(at))); got != want {
			t.Errorf("at %v: %s, want %s", at, got, want)
		}
	}
	broken := errors.New("connection lost")
	expect(0, "fetch a")
	p.Ended(0, "a", broken)
	expect(0, "fetch b")
	p.Ended(0, "b", broken)
	expect(BackoffMin-1, "wait")
	expect(BackoffMin, "fetch a")
	p.Ended(BackoffMin, "a", broken)
	expect(BackoffMin, "fetch b")
	p.Ended(BackoffMin, "b", ErrFuture)
	expect(3*BackoffMin-1, "wait") // twice as long
	expect(3*BackoffMin, "fetch a")
	p.Ended(3*BackoffMin, "a", replication.ErrDiverged)
	expect(AlarmBackoff+BackoffMin-1, "wait")
	expect(AlarmBackoff+BackoffMin, "fetch b")
	p.Ended(AlarmBackoff+BackoffMin, "b", nil)
	expect(AlarmBackoff+BackoffMin, "fetch b")
}
