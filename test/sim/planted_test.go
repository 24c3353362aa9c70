//go:build mistakes

package sim

import (
	"testing"

	"github.com/atollkv/atoll/internal/mistake"
)

// plantedSeeds bounds the hunt for one planted mistake.
const plantedSeeds = 2000

// TestPlantedMistakesAreFound plants one mistake after the other. A simulator that does
// not find them all is worth nothing.
func TestPlantedMistakesAreFound(t *testing.T) {
	for m := mistake.Mistake(0); m < mistake.Count; m++ {
		t.Run(m.String(), func(t *testing.T) {
			seed, err := hunt(1, plantedSeeds, mistake.Of(m))
			if err == nil {
				t.Fatalf("not found in %d seeds", plantedSeeds)
			}
			t.Logf("found by seed %d: %.200v", seed, err)
		})
	}
}
