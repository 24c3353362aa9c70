package sim

import (
	"testing"

	"github.com/atollkv/atoll/internal/mistake"
)

// TestScenarioTextRoundTrips: what is printed can be played again.
func TestScenarioTextRoundTrips(t *testing.T) {
	for seed := uint64(1); seed <= 50; seed++ {
		s := newScenario(seed)
		again, err := parse(s.String())
		if err != nil {
			t.Fatalf("seed %d: %v\n%s", seed, err, s)
		}
		if again.String() != s.String() {
			t.Fatalf("seed %d:\n%s\nbecomes\n%s", seed, s, again)
		}
		if a, b := play(s, mistake.Set{}), play(again, mistake.Set{}); seed <= 10 && a.print() != b.print() {
			t.Fatalf("seed %d plays differently from its text", seed)
		}
	}
}
