package sim

import (
	"fmt"
	"strings"
	"time"

	"github.com/atollkv/atoll/internal/mistake"
)

// shrink makes a failing scenario smaller for as long as it breaks the same rule:
// steps, nodes, keys, commands and conditions are left out one after the other, until
// none can be. It plays at most shrinkRuns runs.
func shrink(s *scenario, planted mistake.Set) (*scenario, *world) {
	k := &shrinker{planted: planted, best: s, world: play(s, planted)}
	if k.world.broken == nil {
		return s, k.world
	}
	for progress := true; progress; {
		size := k.best.String()
		k.dropSteps()
		k.dropNodes()
		k.calm()
		k.dropOps()
		progress = k.best.String() != size
	}
	return k.best, k.world
}

const shrinkRuns = 2000

type shrinker struct {
	planted mistake.Set
	best    *scenario
	world   *world // of the best
	runs    int
}

// try plays a smaller scenario and keeps it if it fails in the same way.
func (k *shrinker) try(change func(*scenario)) bool {
	if k.runs++; k.runs > shrinkRuns {
		return false
	}
	s := k.best.clone()
	change(s)
	w := play(s, k.planted)
	if w.broken == nil || w.broken.rule != k.world.broken.rule {
		return false
	}
	k.best, k.world = s, w
	return true
}

func (s *scenario) clone() *scenario {
	c := *s
	c.steps = append([]step(nil), s.steps...)
	c.cond.offsets = map[byte]time.Duration{}
	for n, o := range s.cond.offsets {
		c.cond.offsets[n] = o
	}
	return &c
}

// dropSteps leaves out runs of steps, long ones first (Zeller and Hildebrandt,
// "Simplifying and Isolating Failure-Inducing Input", 2002).
func (k *shrinker) dropSteps() {
	for size := max(1, len(k.best.steps)/2); size > 0; size /= 2 {
		for at := len(k.best.steps) - size; at >= 0; at -= size {
			if at+size > len(k.best.steps) {
				continue
			}
			k.try(func(s *scenario) { s.steps = append(s.steps[:at:at], s.steps[at+size:]...) })
		}
	}
}

func (k *shrinker) dropNodes() {
	for _, n := range k.best.cond.nodes {
		if len(k.best.cond.nodes) <= 2 {
			return
		}
		k.try(func(s *scenario) {
			s.cond.nodes = strings.ReplaceAll(s.cond.nodes, string(n), "")
			delete(s.cond.offsets, byte(n))
			var kept []step
			for _, st := range s.steps {
				if st.node != byte(n) && st.peer != byte(n) {
					kept = append(kept, st)
				}
			}
			s.steps = kept
		})
	}
}

// calm takes what makes the conditions hard out, one by one.
func (k *shrinker) calm() {
	for _, change := range []func(*conditions){
		func(c *conditions) { c.loss = 0 },
		func(c *conditions) { c.trim = 0 },
		func(c *conditions) { c.laggard = 0 },
		func(c *conditions) { c.core = false },
		func(c *conditions) { c.ends = false },
		func(c *conditions) { clear(c.offsets) },
		func(c *conditions) { c.eager = 100 },
		func(c *conditions) { c.slow = 5 * time.Millisecond },
		func(c *conditions) { c.syncing = 5 * time.Millisecond },
		func(c *conditions) { c.window = 16 << 10 },
		func(c *conditions) { c.sweep = 0 },
		func(c *conditions) { c.forced = 0 },
		func(c *conditions) { c.breaks = 0 },
	} {
		k.try(func(s *scenario) { change(&s.cond) })
	}
	if n := len(k.best.steps); n > 0 {
		k.try(func(s *scenario) { s.until = s.steps[n-1].at })
	}
}

// dropOps leaves out commands of transactions, and keys that nobody writes.
func (k *shrinker) dropOps() {
	for i := len(k.best.steps) - 1; i >= 0; i-- {
		for j := len(k.best.steps[i].ops) - 1; j >= 0 && len(k.best.steps[i].ops) > 1; j-- {
			k.try(func(s *scenario) {
				ops := s.steps[i].ops
				s.steps[i].ops = append(ops[:j:j], ops[j+1:]...)
			})
		}
	}
	for _, key := range k.best.cond.keys {
		used := false
		for _, st := range k.best.steps {
			for _, op := range st.ops {
				used = used || op.key == string(key)
			}
		}
		if !used && len(k.best.cond.keys) > 1 {
			k.try(func(s *scenario) { s.cond.keys = strings.ReplaceAll(s.cond.keys, string(key), "") })
		}
	}
}

// explain shrinks a failing seed and describes what is left: the rule, the scenario as
// a file of testdata/regressions would hold it, and the trace.
func explain(seed uint64, planted mistake.Set) string {
	s := newScenario(seed)
	small, w := shrink(s, planted)
	return fmt.Sprintf("seed %d, %d of %d steps are left: %v\n\n%s\n%s", seed, len(small.steps), len(s.steps), w.broken, small, w.print())
}
