package replication

import (
	"testing"

	"github.com/atollkv/atoll/clock"
)

func TestAnOriginThatAPeerNoLongerNamesDoesNotSpeakAgainstIt(t *testing.T) {
	needs := clock.VectorOf(clock.Entry{Origin: 1, Seq: 3}, clock.Entry{Origin: 2, Seq: 5})
	for name, c := range map[string]struct {
		heads []PeerHead
		want  bool
	}{
		"it holds all":              {[]PeerHead{{Origin: 1, Seq: 3}, {Origin: 2, Seq: 6}}, true},
		"it has retired an origin":  {[]PeerHead{{Origin: 2, Seq: 5}}, true},
		"it lacks the last update":  {[]PeerHead{{Origin: 1, Seq: 3}, {Origin: 2, Seq: 4}}, false},
		"it holds others beside it": {[]PeerHead{{Origin: 2, Seq: 5}, {Origin: 9, Seq: 1}}, true},
	} {
		if got := (PeerLook{Heads: c.heads}).MayHold(needs); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
