//go:build mistakes

package sim

import (
	"testing"

	"github.com/atollkv/atoll/internal/mistake"
)

func TestZOnly(t *testing.T) {
	for _, m := range []mistake.Mistake{mistake.ArrivalsByID, mistake.RoundsTrusted} {
		seed, err := hunt(1, 4000, mistake.Of(m))
		if err == nil {
			t.Errorf("%v not found", m)
			continue
		}
		t.Logf("%v: seed %d: %v", m, seed, play(newScenario(seed), mistake.Of(m)).broken)
	}
}
