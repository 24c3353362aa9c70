package sim

import (
	"slices"
	"testing"

	"github.com/atollkv/atoll/internal/mistake"
)

// TestDamageIsRefusedAndHealedWhateverElseGoesWrong plays runs that all have flips.
func TestDamageIsRefusedAndHealedWhateverElseGoesWrong(t *testing.T) {
	healed := sometimes.get("range healed")
	runs := uint64(600)
	if testing.Short() {
		runs = 120
	}
	for seed := *seedFrom; seed < *seedFrom+runs; seed++ {
		verbs := slices.Concat(families...)
		s := scenarioOf(seed, verbs)
		if s.has(doRemove, doForce) {
			continue
		}
		s.planFlips(diceOf(seed, 10))
		if w := play(s, mistake.Set{}); w.broken != nil {
			small, w := shrink(s, mistake.Set{})
			t.Fatalf("seed %d: %v\n\n%s\n%s", seed, w.broken, small, w.print())
		}
	}
	if n := sometimes.get("range healed") - healed; n < int(runs)/10 {
		t.Errorf("%d ranges healed in %d runs", n, runs)
	}
}
