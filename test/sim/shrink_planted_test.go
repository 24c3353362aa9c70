//go:build mistakes

package sim

import (
	"testing"

	"github.com/atollkv/atoll/internal/mistake"
)

// TestShrink: of a run that fails because of a planted mistake a few steps are left,
// which fail in the same way, also when they are read from their text.
func TestShrink(t *testing.T) {
	for _, m := range []mistake.Mistake{mistake.NoGate, mistake.WinnerOnly, mistake.OriginReused, mistake.RemoveAll} {
		seed, err := hunt(1, plantedSeeds, mistake.Of(m))
		if err == nil {
			t.Fatalf("%v: not found", m)
		}
		whole := newScenario(seed)
		rule := play(whole, mistake.Of(m)).broken.rule
		small, w := shrink(whole, mistake.Of(m))
		t.Logf("%v: %d of %d steps left\n%s", m, len(small.steps), len(whole.steps), small)
		if len(small.steps) > 8 {
			t.Errorf("%v: %d steps left", m, len(small.steps))
		}
		again, err := parse(small.String())
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range []*violation{w.broken, play(again, mistake.Of(m)).broken} {
			if b == nil || b.rule != rule {
				t.Errorf("%v: broke %v, the shrunk run breaks %v", m, rule, b)
			}
		}
		if b := play(small, mistake.Set{}).broken; b != nil {
			t.Errorf("%v: the shrunk run fails without the mistake: %v", m, b)
		}
	}
}
