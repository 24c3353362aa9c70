//go:build mistakes

package sim

import (
	"flag"
	"slices"
	"testing"
	"time"

	"github.com/atollkv/atoll/internal/mistake"
)

var (
	sample = flag.Int("mistakes", 12, "how many of the planted mistakes to look for, others every day; 0 is all")
	hunts  = flag.Int("hunts", 1, "how often to look for each, among other seeds every time")
)

// plantedSeeds bounds the hunt for one planted mistake.
const plantedSeeds = 4000

// TestPlantedMistakesAreFound plants one mistake after the other. A simulator that does
// not find them all is worth nothing.
func TestPlantedMistakesAreFound(t *testing.T) {
	for _, m := range sampled(time.Now().YearDay()) {
		t.Run(m.String(), func(t *testing.T) {
			var found []int
			rule := ""
			for i := range *hunts {
				from := uint64(i)*1_000_000 + 1
				seed, err := hunt(from, plantedSeeds, mistake.Of(m))
				if err == nil {
					t.Fatalf("not found in %d seeds from %d on", plantedSeeds, from)
				}
				found = append(found, int(seed-from)+1)
				rule = play(newScenario(seed), mistake.Of(m)).broken.rule
			}
			slices.Sort(found)
			t.Logf("found after %d seeds (median of %v), by %s", found[len(found)/2], found, rule)
		})
	}
}

// sampled returns the mistakes to look for on a day.
func sampled(day int) []mistake.Mistake {
	var list []mistake.Mistake
	every := 1
	if *sample > 0 {
		every = max(1, int(mistake.Count) / *sample)
	}
	for m := mistake.Mistake(day % every); m < mistake.Count; m += mistake.Mistake(every) {
		list = append(list, m)
	}
	return list
}
