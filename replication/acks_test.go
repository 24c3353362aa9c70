package replication_test

import (
	"testing"

	"github.com/atollkv/atoll/clock"
	"github.com/atollkv/atoll/replication"
)

func TestMinIsWhatEveryMemberHolds(t *testing.T) {
	v := func(a, b clock.Seq) clock.VersionVector {
		return clock.VectorOf(clock.Entry{Origin: 1, Seq: a}, clock.Entry{Origin: 2, Seq: b})
	}
	a := replication.NewAcks()
	local := v(10, 10)
	want := func(sentence string, w clock.VersionVector) {
		t.Helper()
		if got := a.Min(0, local); !got.Equal(w) {
			t.Errorf("%s: got %v, want %v", sentence, got, w)
		}
	}
	want("alone, everything local may go", local)
	a.SetMembers([]string{"x", "y"})
	want("nobody has told", clock.VersionVector{})
	a.Set("x", 0, v(5, 12))
	want("a member that never told blocks", clock.VersionVector{})
	a.Set("y", 0, v(7, 3))
	want("the least of each origin, and not beyond local", v(5, 3))
	a.Set("y", 0, v(7, 0))
	want("a member may go back", v(5, 0))
	a.Set("z", 0, v(1, 1))
	want("others do not count", v(5, 0))
	a.SetMembers([]string{"x"})
	want("a removed member no longer counts", v(5, 10))
	a.SetMembers([]string{"x", "y"})
	want("what it once told is forgotten", clock.VersionVector{})
}
