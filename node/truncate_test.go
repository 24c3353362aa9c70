package node

import (
	"testing"
	"time"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/replication"
)

// toyLog has one origin and records of a thousand bytes.
type toyLog struct{ first, last clock.Seq }

const toyOrigin, toyRecord = clock.Origin(7), 1000

func (l *toyLog) Bytes() int64 { return int64(l.last-l.first+1) * toyRecord }

func (l *toyLog) Truncate(v clock.VersionVector) error {
	l.first = max(l.first, v.Get(toyOrigin)+1)
	return nil
}

func at(s clock.Seq) clock.VersionVector {
	return clock.VectorOf(clock.Entry{Origin: toyOrigin, Seq: s})
}

func TestTruncationKeepsWhatSomebodyNeedsAndTheLatest(t *testing.T) {
	log := &toyLog{first: 1}
	acked := clock.Seq(0)
	var overs int
	tr := &truncater{
		log: log, retain: 100 * toyRecord, limit: 600 * toyRecord,
		durable: func() clock.VersionVector { return at(log.last) }, point: func() clock.VersionVector { return at(acked) },
		truncated: func(before, after int64) {
			if after >= before {
				t.Errorf("from %d to %d bytes", before, after)
			}
		},
		over: func(int64, int64) { overs++ },
	}
	tr.observe()
	grow := func(n int) {
		for range n {
			log.last++
			tr.observe()
		}
		if err := tr.step(); err != nil {
			t.Fatal(err)
		}
	}
	grow(500)
	if log.first != 1 {
		t.Errorf("first is %d though a member has nothing", log.first)
	}
	acked = 300
	grow(0)
	if log.first != 301 {
		t.Errorf("first is %d, a member has 300", log.first)
	}
	acked = 500
	grow(0)
	if log.first < 390 || log.first > 401 {
		t.Errorf("first is %d, want the latest 100 of 500 and few more", log.first)
	}
	// A member stays away: everything it lacks is kept, and said once.
	grow(500)
	grow(500)
	if log.first > 501 || overs != 1 {
		t.Errorf("first is %d, warned %d times", log.first, overs)
	}
	acked = 1500
	grow(1)
	if kept := log.last - log.first + 1; kept < 100 || kept > 111 || len(tr.marks) > maxMarks {
		t.Errorf("%d kept, %d marks", kept, len(tr.marks))
	}
}

func TestClockGuardRefusesWritesOfTheOddOneOut(t *testing.T) {
	var peers []replication.PeerStatus
	var verdicts []clock.Verdict
	g := &clockGuard{
		maxOffset: 500 * time.Millisecond, peers: func() []replication.PeerStatus { return peers },
		changed: func(v clock.Verdict, _ time.Duration) { verdicts = append(verdicts, v) },
	}
	off := func(d time.Duration) replication.PeerStatus { return replication.PeerStatus{Skew: d, Live: true} }
	for _, step := range []struct {
		name    string
		peers   []replication.PeerStatus
		want    clock.Verdict
		refused bool
	}{
		{"alone", nil, clock.ClockGood, false},
		{"two that differ only alarm", []replication.PeerStatus{off(time.Second)}, clock.ClockAlarm, false},
		{"two others agree that this one is off", []replication.PeerStatus{off(time.Second), off(time.Second)}, clock.ClockBad, true},
		{"who is not heard does not count", []replication.PeerStatus{{Skew: time.Second}, {Skew: time.Second}}, clock.ClockGood, false},
	} {
		peers = step.peers
		g.judge()
		if v, _ := g.now(); v != step.want || (g.refusal() != nil) != step.refused {
			t.Errorf("%s: %v, refusal %v", step.name, v, g.refusal())
		}
	}
	if len(verdicts) != 3 {
		t.Errorf("%d changes were told: %v", len(verdicts), verdicts)
	}
}
