package node

import (
	"testing"
	"time"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/replication"
)

// toyLog has one origin and records of a thousand bytes, one a second.
type toyLog struct {
	first, last clock.Seq
	scans       int
}

const toyOrigin, toyRecord = clock.Origin(7), 1000

func (l *toyLog) Bytes() int64 { return int64(l.last-l.first+1) * toyRecord }

func (l *toyLog) Truncate(v clock.VersionVector) error {
	l.first = max(l.first, v.Get(toyOrigin)+1)
	return nil
}

func (l *toyLog) Older(upTo clock.VersionVector, cut clock.Timestamp) (clock.VersionVector, error) {
	seq := max(cut.WallMillis()/1000-1, int64(l.first)-1, 0)
	return at(min(upTo.Get(toyOrigin), clock.Seq(seq))), nil
}

func (l *toyLog) Oldest(bytes int64, upTo clock.VersionVector) (clock.VersionVector, error) {
	l.scans++
	return at(min(upTo.Get(toyOrigin), l.first-1+clock.Seq((bytes+toyRecord-1)/toyRecord))), nil
}

// Read implements clock.Wall: a record a second.
func (l *toyLog) Read() (int64, time.Duration) {
	return int64(l.last) * 1000, time.Duration(l.last) * time.Second
}

func at(s clock.Seq) clock.VersionVector {
	return clock.VectorOf(clock.Entry{Origin: toyOrigin, Seq: s})
}

// trial is a truncater over a toy log.
type trial struct {
	*truncater
	t     *testing.T
	log   *toyLog
	acked clock.Seq
	pins  []clock.VersionVector
	overs int
}

// newTrial keeps the latest 100 records, at most 600, and none older than maxAge.
func newTrial(t *testing.T, log *toyLog, maxAge time.Duration) *trial {
	x := &trial{t: t, log: log}
	x.truncater = &truncater{
		log: log, retain: 100 * toyRecord, limit: 600 * toyRecord, maxAge: maxAge, wall: log,
		durable: func() clock.VersionVector { return at(log.last) }, point: func() clock.VersionVector { return at(x.acked) },
		pinned: func() []clock.VersionVector { return x.pins },
		truncated: func(before, after int64) {
			if after >= before {
				t.Errorf("from %d to %d bytes", before, after)
			}
		},
		over: func(int64, int64) { x.overs++ },
	}
	x.observe()
	return x
}

// grow writes records, and truncates as run does.
func (x *trial) grow(n int) {
	x.t.Helper()
	for range n {
		x.log.last++
		x.observe()
		if int64(x.log.last)%(x.growth()/toyRecord) == 0 {
			x.look()
		}
	}
	x.look()
}

func (x *trial) look() {
	x.t.Helper()
	if err := x.step(); err != nil {
		x.t.Fatal(err)
	}
}

func TestTruncationKeepsWhatSomebodyNeedsAndTheLatest(t *testing.T) {
	x := newTrial(t, &toyLog{first: 1}, 0)
	x.grow(500)
	if x.log.first != 1 {
		t.Errorf("first is %d though a member has nothing", x.log.first)
	}
	x.acked = 300
	x.look()
	if x.log.first != 301 {
		t.Errorf("first is %d, a member has 300", x.log.first)
	}
	x.acked = 500
	x.look()
	if x.log.first < 390 || x.log.first > 401 {
		t.Errorf("first is %d, want the latest 100 of 500 and few more", x.log.first)
	}
	if x.overs != 0 {
		t.Errorf("told %d times that the log goes on without somebody", x.overs)
	}
}

func TestTruncationBeyondTheLimit(t *testing.T) {
	x := newTrial(t, &toyLog{first: 1}, 0)
	x.acked = 50
	most := int64(0)
	for range 200 {
		x.grow(37)
		most = max(most, x.log.Bytes())
	}
	if most > 700*toyRecord || x.log.Bytes() < 400*toyRecord {
		t.Errorf("%d bytes at most, now %d, limit %d", most, x.log.Bytes(), x.limit)
	}
	if x.overs != 1 || len(x.marks) > maxMarks || x.log.scans > 0 {
		t.Errorf("told %d times, %d marks, %d scans of the whole log", x.overs, len(x.marks), x.log.scans)
	}
	// The member is back; then it stays away again.
	x.acked = x.log.last
	x.look()
	if kept := x.log.last - x.log.first + 1; kept < 100 || kept > 111 {
		t.Errorf("%d kept once all have everything", kept)
	}
	x.grow(1500)
	if x.overs != 2 {
		t.Errorf("told %d times", x.overs)
	}
}

func TestTruncationBoundsALogThatWasThereAtTheStart(t *testing.T) {
	x := newTrial(t, &toyLog{first: 1, last: 5000}, 0)
	x.look()
	if x.log.Bytes() > 460*toyRecord || x.log.Bytes() < 440*toyRecord {
		t.Errorf("%d bytes of a limit of %d", x.log.Bytes(), x.limit)
	}
}

func TestTruncationByAge(t *testing.T) {
	x := newTrial(t, &toyLog{first: 1}, 200*time.Second)
	x.grow(500)
	if kept := x.log.last - x.log.first + 1; kept < 195 || kept > 205 || x.overs != 1 {
		t.Errorf("%d records of a second each kept, told %d times", kept, x.overs)
	}
}

// TestTruncationKeepsWhatATransferNeedsNext: the log above a snapshot stays while it is
// sent, but not for ever.
func TestTruncationKeepsWhatATransferNeedsNext(t *testing.T) {
	x := newTrial(t, &toyLog{first: 1}, 0)
	x.grow(500)
	x.pins = []clock.VersionVector{at(500), at(480)}
	x.grow(1000)
	if x.log.first != 481 {
		t.Errorf("first is %d, pinned above 480", x.log.first)
	}
	x.grow(3000)
	if x.log.Bytes() > pinLimits*x.limit+x.growth() {
		t.Errorf("a pin keeps %d bytes, limit %d", x.log.Bytes(), x.limit)
	}
	x.pins = nil
	x.grow(1)
	if x.log.Bytes() > x.limit {
		t.Errorf("%d bytes without a pin", x.log.Bytes())
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

// After a start members have not told yet what they have: that is no reason to say that the log goes on without them.
func TestAStartCutsNobodyOff(t *testing.T) {
	x := newTrial(t, &toyLog{first: 301, last: 500}, time.Hour)
	x.look()
	if x.overs != 0 {
		t.Errorf("told %d times that the log goes on without somebody", x.overs)
	}
}
